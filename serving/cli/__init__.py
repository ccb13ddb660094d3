"""The commands of data, month and accounts, and what the terminal prints; the only part that knows typer."""
