"""News sent to banks' own systems: addresses and secrets, the messages that wait, and how they are delivered."""
