"""Routes of help for one loan: what can still be claimed, renewed, spread, compensated, and until when."""
