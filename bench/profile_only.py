"""Profiles the table that it is told, as `drift` does; fails where a column or a row is missing."""

import sys
from pathlib import Path

from mlops_kit.adapters.profiles import DuckProfiler, find_data

path, rows, columns = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
profile = DuckProfiler().profile(find_data(path, name=path.name))
if (profile.rows, len(profile.columns)) != (rows, columns):
    raise SystemExit(f"{profile.rows} rows of {len(profile.columns)} columns")
if not all(column.counted for column in profile.columns):
    raise SystemExit("a column without values")
