"""What had happened and was known by a day: the only code that looks at later rows, and only to hide them."""
