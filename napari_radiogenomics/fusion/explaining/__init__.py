"""What a model goes by: importance, Shapley values, and how far to trust one prediction."""
