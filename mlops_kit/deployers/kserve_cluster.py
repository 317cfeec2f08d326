"""Asks a cluster about InferenceServices, and applies manifests, by kubectl."""

import json
from typing import Any

from mlops_kit.core.errors import OutsideError
from mlops_kit.core.ports import Commands
from mlops_kit.core.types import CommandResult
from mlops_kit.deployers.kserve_settings import Kubectl

_RESOURCE = "inferenceservices.serving.kserve.io"
_REQUEST_SECONDS = 20
_CALL_SECONDS = 60.0


class Cluster:
    """One namespace of a cluster."""

    def __init__(self, commands: Commands, kubectl: Kubectl, namespace: str) -> None:
        self._commands = commands
        self._kubectl = kubectl
        self._namespace = namespace

    def read(self, name: str) -> dict[str, Any] | None:
        """The service as the cluster has it, None where it has none; OutsideError where it does not answer."""
        done = self._run("get", _RESOURCE, name, "--ignore-not-found", "-o", "json")
        if not done.output.strip():
            return None
        try:
            found = json.loads(done.output)
        except ValueError as error:
            raise OutsideError(f"kubectl get printed no JSON: {done.output[:100]!r}") from error
        if not isinstance(found, dict):
            raise OutsideError(f"kubectl get printed no object: {done.output[:100]!r}")
        return found

    def apply(self, manifest: bytes) -> None:
        """Make the cluster's service what the manifest says."""
        self._run("apply", "-f", "-", stdin=manifest)

    def _run(self, *words: str, stdin: bytes = b"") -> CommandResult:
        context = (f"--context={self._kubectl.context}",) if self._kubectl.context else ()
        fixed = (*context, f"--namespace={self._namespace}", f"--request-timeout={_REQUEST_SECONDS}s")
        done = self._commands.run_command(("kubectl", *words, *fixed), {}, timeout_seconds=_CALL_SECONDS, stdin=stdin)
        if done.code != 0:
            last = (done.errors.strip().splitlines() or ["no message"])[-1]
            raise OutsideError(
                f"kubectl {words[0]} ended with exit code {done.code}: {last[:300]}",
                hint="check the context and what its user may do, then run it again",
            )
        return done
