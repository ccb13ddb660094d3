"""Gates that ship with the project (TOML): criteria written before the run."""
