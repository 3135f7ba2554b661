"""The Register dock: how slides and scans lie to each other."""
