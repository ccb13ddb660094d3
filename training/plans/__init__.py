"""Plans that ship with the project."""
