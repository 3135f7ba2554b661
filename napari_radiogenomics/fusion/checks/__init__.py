"""What must hold before a number is believed: no leak, no twin, no unknown group in silence."""
