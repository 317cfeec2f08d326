"""Bytes of models for a plan that is only shown: a DVC remote that gives no answer holds nothing back."""

from collections.abc import Iterable

from mlops_kit.core.errors import OutsideError
from mlops_kit.core.ports import Artifacts, ModelFiles
from mlops_kit.core.types import CommitSha, Digest, Model


class TolerantArtifacts:
    """The Artifacts port over another one; `notes` says what it could not find out.

    A pull request's own job often may not read the remote, and a report must not fail for that.
    """

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self.notes: tuple[str, ...] = ()

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:
        """Those that are known to be missing."""
        try:
            return self._artifacts.find_missing(models)
        except OutsideError as error:
            self.notes += (f"whether the DVC remote has the bytes is not known: {error}",)
            return frozenset()

    def fetch_model(self, model: Model, commit: CommitSha) -> ModelFiles:
        """The other one's bytes."""
        return self._artifacts.fetch_model(model, commit)
