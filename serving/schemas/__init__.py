"""Response models of the API and the pages, with their sentences in Chinese and English."""
