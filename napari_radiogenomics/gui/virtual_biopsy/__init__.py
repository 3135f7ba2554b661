"""The Virtual biopsy dock: a score at every place of a tumor, learned from biopsies."""
