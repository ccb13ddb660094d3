"""The HTTP interface, over a real server."""
