"""Cases: an officer's work on a loan that has a light, the events in it, and its outcome."""
