"""Reads the facts of this folder's head commit from git as a report does, and prints the seconds that took."""

import os
import time
from pathlib import Path

from mlops_kit.adapters.dvc.resolver import DvcResolver
from mlops_kit.adapters.git import GitRepository
from mlops_kit.commands.facts import CommitTree, read_facts

started = time.perf_counter()
git = GitRepository(Path.cwd(), dict(os.environ))
facts = read_facts(CommitTree(git=git, commit=git.resolve("HEAD")), DvcResolver(git.root, os.environ))
print(time.perf_counter() - started)
if not facts.metrics or any(file.error for file in facts.metrics):
    raise SystemExit("there are no metrics, or they could not be read")
