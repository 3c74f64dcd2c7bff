"""Typed tools around generators, predictors and knowledge. Imports `generators` and `knowledge`."""
