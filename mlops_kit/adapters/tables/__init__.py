"""Looks into CSV and Parquet files of strangers, in a process that may die of them."""
