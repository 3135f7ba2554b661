"""DICOM: headers, planes and grids, segmentations and contours; the formats use it."""
