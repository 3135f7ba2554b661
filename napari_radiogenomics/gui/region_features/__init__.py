"""The Region features dock: one number a feature and region."""
