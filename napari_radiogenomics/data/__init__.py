"""What the program is about: images, segmentations, samples, slides, cohorts.

Nothing here reads a file or knows a screen.
"""
