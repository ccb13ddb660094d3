"""The opponent: every feature as a good pandas programmer would write it, on the same Parquet files.

`read_parquet` of the columns needed, the newest version by `sort_values` and `drop_duplicates`, loans and households
numbered once and joined by `merge`, days of coverage by `merge_asof`, everything else by `groupby`. No loops over rows.
"""
