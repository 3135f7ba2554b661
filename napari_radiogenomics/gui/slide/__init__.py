"""Slides on the screen: a canvas of their own beside the scan, and the Slide dock."""
