"""What is fast and how fast: each module a command that prints a ratio, its opponent and the peak memory."""
