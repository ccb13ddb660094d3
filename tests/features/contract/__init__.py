"""Reading and checking delivered files."""
