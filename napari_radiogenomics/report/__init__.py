"""Figures and texts that leave the program: forest plots, reports, methods."""
