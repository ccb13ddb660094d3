"""The policy table: limits, shares, bounds, points and measures that a notice can change, each with its first day."""
