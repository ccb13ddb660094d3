"""The opponent: every feature as a good pandas programmer would write it, on the same Parquet files.

`read_parquet` of the columns needed, the newest version by `sort_values` and `drop_duplicates`, loans and households
numbered once and joined by `merge`, everything else by `groupby`. No loops over rows. The life of a loan (`lives.py`)
has no such form, because every evening has its own schedule: pandas builds the arrays, and the product's compiled walk
goes through them. Whether that walk is right is for tests/oracle to say, not for this comparison.
"""
