"""Notebooks look, they never define, and they run."""
