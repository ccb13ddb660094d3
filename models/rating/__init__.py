"""The village ratings 631 and 1531: declared score tables, and the points and grades they give."""
