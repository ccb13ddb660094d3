"""Jobs: a command of the command line that a page starts, and that goes on when the page is closed."""
