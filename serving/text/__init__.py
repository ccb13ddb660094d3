"""Words in two languages, charts as SVG, and messages for invalid input."""
