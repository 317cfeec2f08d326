"""Asks DVC remotes which bytes they lack, once per DVC repository, in a process of its own with a time limit."""

import json
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.adapters.dvc.inventory import Wanted, write_request
from mlops_kit.adapters.dvc.resolver import QUIET
from mlops_kit.adapters.dvc_root import find_dvc_root
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.pipeline.hashing import COMPUTED
from mlops_kit.core.types import Digest, Model

TIMEOUT_SECONDS = 120.0
_MODULE = "mlops_kit.adapters.dvc.inventory"


class RemoteStock:
    """What the remotes of one git repository's DVC roots have; `environment` is what DVC and its remotes get.

    A digest that was found is not asked for again.
    """

    def __init__(self, root: Path, environment: Mapping[str, str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._root = root
        self._environment = {**environment, **QUIET}
        self._timeout_seconds = timeout_seconds
        self._found: set[tuple[Path, str, Digest]] = set()

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:
        """The digests whose bytes a remote does not have in full; OutsideError where one gives no answer.

        What git keeps, and digests that nobody can compute, are not asked for.
        """
        asked = [(self._find_root(one.file), one) for one in models if _is_kept_by_dvc(one)]
        asked.sort(key=lambda found: str(found[0]))
        missing: set[Digest] = set()
        for dvc_root, group in groupby(asked, key=lambda found: found[0]):
            missing |= self._ask(dvc_root, [model for _, model in group])
        return frozenset(missing)

    def _find_root(self, file: str) -> Path:
        found = find_dvc_root((self._root / file).parent, top=self._root)
        if found is None:
            raise InputError(f"there is no DVC repository around {file}", hint="create one with: dvc init")
        return found

    def _ask(self, dvc_root: Path, models: Iterable[Model]) -> frozenset[Digest]:
        wanted = [self._wanted(dvc_root, model) for model in models]
        unknown = [one for one in wanted if (dvc_root, one.remote, one.digest) not in self._found]
        if not unknown:
            return frozenset()
        missing = _parse(self._run(dvc_root, unknown))
        self._found |= {(dvc_root, one.remote, one.digest) for one in unknown if one.digest not in missing}
        return missing

    def _run(self, dvc_root: Path, wanted: Iterable[Wanted]) -> process.Completed:
        return process.run(
            process.Call(
                words=[sys.executable, "-I", "-m", _MODULE, str(dvc_root)],
                folder=self._root,
                environment=self._environment,
                stdin=write_request(wanted),
                timeout_seconds=self._timeout_seconds,
                title="the DVC remote",
            )
        )

    def _wanted(self, dvc_root: Path, model: Model) -> Wanted:
        if model.digest is None:
            raise TypeError(model)
        folder = dvc_root.relative_to(self._root).as_posix()
        path = model.output if folder == "." else model.output.removeprefix(f"{folder}/")
        return Wanted(digest=model.digest, path=path, remote=model.remote, stored=model.stored)


def _is_kept_by_dvc(model: Model) -> bool:
    return model.cached and model.digest is not None and model.digest.algorithm in COMPUTED


def _parse(done: process.Completed) -> frozenset[Digest]:
    try:
        answer = json.loads(done.output)
        if "error" not in answer:
            return frozenset(Digest.parse(text) for text in answer["missing"])
    except (ValueError, TypeError, KeyError) as error:
        last = (done.errors.strip().splitlines() or ["no message"])[-1]
        raise OutsideError(f"DVC's inventory ended with exit code {done.code}: {last}") from error
    raise OutsideError(str(answer["error"]), hint=str(answer.get("hint", "")))
