"""The room on screen: docks, layers, readers and writers for napari.

Nothing outside this folder knows napari or Qt.
"""
