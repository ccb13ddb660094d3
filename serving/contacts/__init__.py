"""The county's address book: joined where a page or a notice shows a household, and nowhere else."""
