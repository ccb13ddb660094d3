"""The work on a loan: a case, what happens in it, what came of it."""
