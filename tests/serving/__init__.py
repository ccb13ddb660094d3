"""What is published, told, answered and shown."""
