"""The Cohort dock: who. Table, card, and the layers of the patient who is open."""
