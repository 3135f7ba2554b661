"""One file a measure: each adds a block of columns to the table of a cohort."""
