"""The numbers a notice can change: limits, shares, bounds, points and actions, each from its day on."""
