"""The commands of data, months and accounts, and their output; no other package imports typer."""
