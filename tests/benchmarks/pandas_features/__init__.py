"""The opponent: every feature that leaves `features_at`, in vectorised pandas, as good as we know how to write it.

It knows what we know: which tables hold corrections is read from the ledger's commits, whole numbers stand for
identifiers and days, money is in fen, only the columns needed are read, rows of households without a loan that goes
on are dropped before pandas sees them, sums are counted into place, and running sums are searched, never joined.
"""
