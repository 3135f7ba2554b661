"""Models of a registration: one a file, each defines ``MODEL``."""
