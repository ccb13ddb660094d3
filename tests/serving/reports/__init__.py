"""What a county issues."""
