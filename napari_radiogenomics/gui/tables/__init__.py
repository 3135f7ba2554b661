"""Tables of the whole cohort: measured, opened, harmonized, each under its name."""
