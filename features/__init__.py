"""What the county knew about a loan and its household on the evening of a month end."""
