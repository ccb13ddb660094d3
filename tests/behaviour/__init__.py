"""Behaviour across modules: point in time, batch = API = page, the command line."""
