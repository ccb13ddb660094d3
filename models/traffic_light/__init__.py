"""The rule light: rules as declared values, a county's own rule table, and their evaluation."""
