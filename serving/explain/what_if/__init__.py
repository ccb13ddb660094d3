"""What-if: hypothetical facts applied to a household's tables, and the household scored again."""
