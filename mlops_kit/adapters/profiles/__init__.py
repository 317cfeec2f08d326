"""Profiles and checks tables by DuckDB: any number of rows within bounded memory, no network, no code of the data.

No name and no value of the data ever stands in SQL: columns are called by their numbers, files by links to them.
"""

from mlops_kit.adapters.profiles.folder import find_data
from mlops_kit.adapters.profiles.profiler import DuckProfiler

__all__ = ["DuckProfiler", "find_data"]
