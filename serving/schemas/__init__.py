"""What a person or a program is told: typed answers with their sentences in Chinese and English."""
