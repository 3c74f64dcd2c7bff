"""Generative models, one file each. Imports only `knowledge`."""
