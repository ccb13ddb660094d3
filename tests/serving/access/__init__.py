"""Who may sign in, and what each sees."""
