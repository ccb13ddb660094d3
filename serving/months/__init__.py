"""Published months: the data folder, editions, the loan index and the row store."""
