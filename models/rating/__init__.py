"""The village ratings 631 and 1531 as declared score tables."""
