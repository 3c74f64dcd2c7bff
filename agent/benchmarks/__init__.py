"""Benchmarks that need the whole agent."""
