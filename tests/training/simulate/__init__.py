"""The simulated county keeps the contract and lives plausibly."""
