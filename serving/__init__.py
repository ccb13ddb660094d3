"""How the warning reaches a person: batch, pages, interface."""
