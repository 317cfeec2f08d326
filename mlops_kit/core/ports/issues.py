"""Issues of the repository on its forge."""

from typing import Protocol

from mlops_kit.core.forge import Issue


class Issues(Protocol):
    """RefusedError where the token may not do it (the permission is named), OutsideError where the forge failed."""

    def list_own_issues(self) -> tuple[Issue, ...]:
        """The open issues that the token's account wrote, by number; pull requests are none."""

    def create_issue(self, title: str, body: str) -> None:
        """Open an issue. Sent once and never again by itself: who gets an OutsideError lists before trying again."""

    def update_issue(self, issue: Issue, *, title: str, body: str) -> None:
        """Replace an issue's title and text; ConflictError where it was deleted meanwhile."""

    def close_issue(self, issue: Issue, *, as_duplicate: bool = False) -> None:
        """Close an issue as done, or as one that should not be there; fine where it is closed or gone."""
