"""The tables banks and offices deliver: what they hold, how they are read, what is refused."""
