"""The rule light the county has today: rules as declared values, and the judge who applies them."""
