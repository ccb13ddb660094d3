"""Exact path-dependent TreeSHAP for all rows at once, by pattern tables."""
