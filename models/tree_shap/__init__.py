"""Exact path-dependent TreeSHAP of many rows at once, by pattern tables."""
