"""A county that lives: people, herds, prices, shocks, cash, loans, and what the offices and banks write down."""
