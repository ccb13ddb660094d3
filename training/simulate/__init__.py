"""A county that lives: people, herds, prices, shocks, cash, loans, and the papers on them."""
