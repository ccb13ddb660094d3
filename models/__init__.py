"""Rule light, model, reasons and ratings of loans, computed from their features."""
