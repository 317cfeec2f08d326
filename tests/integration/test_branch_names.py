"""The rules for branch names in mlops.yaml, against git itself."""

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops_kit.core.config.names import check_branch_name

NAMES = st.text("ab.-/@{}~^:?*[\\ \x01\x7flock", min_size=1, max_size=8)


def git_allows(name: str) -> bool:
    done = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False)
    return done.returncode == 0


@settings(deadline=None, max_examples=150)
@given(NAMES)
@example("a.lock")
@example("a/.b")
@example("@")
@example("HEAD")
@example("feat/$(id)")
def test_a_branch_is_refused_exactly_where_git_refuses_it(name: str) -> None:
    if git_allows(name) and name != "@" and "@{" not in name:
        assert check_branch_name(name) == name
    else:
        with pytest.raises(ValueError, match="git does not allow"):
            check_branch_name(name)
