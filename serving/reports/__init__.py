"""Reports that a county issues: monthly statistics, quarterly bulletin, annual assessment, action lists, notices."""
