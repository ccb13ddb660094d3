"""The light of a village, township, bank or county, and the early sign that its loans go wrong together."""
