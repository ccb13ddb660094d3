"""What that says about the next months: rule light, model, reasons."""
