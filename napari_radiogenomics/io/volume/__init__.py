"""Volumes in one file: what NIfTI, NRRD and MetaImage need beyond SimpleITK."""
