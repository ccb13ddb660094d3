"""Loading of deliveries into the ledger: list the inbox, check and reconcile rows, quarantine the rest."""
