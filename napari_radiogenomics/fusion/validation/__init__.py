"""How good a model is on patients it did not see: folds, metrics, intervals, comparisons."""
