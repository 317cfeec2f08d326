"""A repository with many models in several environments that is in order, made without promoting one by one."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path

import yaml

from mlops_kit.core.promotion.log import record_message, record_tag
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName, PromotionKind, PromotionRecord

ENVIRONMENTS = ("dev", "staging", "production")
_CONFIG = {
    "version": 1,
    "environments": {
        name: {"branch": name, **({"after": ENVIRONMENTS[place - 1]} if place else {})}
        for place, name in enumerate(ENVIRONMENTS)
    },
}
_WHO = "bench <bench@example.org> 1700000000 +0000"


@dataclass(frozen=True, kw_only=True)
class Estate:
    """How many models, whether each has a dvc.yaml of its own, and how many records each has in each environment."""

    models: int
    folders: bool = False
    records: int = 1
    registry: str = "none"

    @property
    def names(self) -> tuple[str, ...]:
        """What the models are called."""
        return tuple(f"m{number:04d}" for number in range(self.models))

    def files(self) -> Mapping[str, str]:
        """The files of every environment's branch."""
        config = json.dumps({**_CONFIG, "registry": {"kind": self.registry}})
        files = {"mlops.yaml": config, ".dvc/config": "", ".gitignore": "mlflow.db\nmlartifacts/\n"}
        groups = [(f"{name}/", [name]) for name in self.names] if self.folders else [("", list(self.names))]
        for folder, names in groups:
            files |= {f"{folder}{path}": text for path, text in _pipeline(names).items()}
        return files

    def build(self, folder: Path, environment: Mapping[str, str]) -> Path:
        """A bare remote at `folder/origin.git`, and a clone at `folder/work`; the clone."""
        _git(folder, environment, "init", "-q", "--bare", "-b", "dev", "origin.git")
        _git(folder, environment, "clone", "-q", "origin.git", "work")
        clone = folder / "work"
        for path, text in self.files().items():
            (clone / path).parent.mkdir(parents=True, exist_ok=True)
            (clone / path).write_text(text)
        _git(clone, environment, "add", "-f", "--all")
        _git(clone, environment, "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-q", "-m", "all")
        _git(clone, environment, "push", "-q", "origin", *(f"HEAD:refs/heads/{name}" for name in ENVIRONMENTS))
        commit = CommitSha(_git(clone, environment, "rev-parse", "HEAD"))
        _git(folder / "origin.git", environment, "fast-import", "--quiet", stdin="".join(self._tags(commit)))
        return clone

    def _tags(self, commit: CommitSha) -> Iterator[str]:
        """The log as `git fast-import` reads it; the last record of each model names its bytes."""
        for environment in ENVIRONMENTS:
            for name in self.names:
                for seq in range(1, self.records + 1):
                    last = seq == self.records
                    record = _record(
                        name, environment, seq, digest=_digest(name if last else f"{name} {seq}"), commit=commit
                    )
                    text = record_message(record) + "\n"
                    yield f"tag {record_tag(record)}\nfrom {commit}\ntagger {_WHO}\ndata {len(text.encode())}\n{text}\n"


def _record(name: str, environment: str, seq: int, *, digest: Digest, commit: CommitSha) -> PromotionRecord:
    return PromotionRecord(
        model=ModelName(name),
        environment=EnvironmentName(environment),
        seq=seq,
        digest=digest,
        sha256="0" * 64,
        recipe="",
        previous=None,
        kind=PromotionKind.PROMOTE if seq > 1 else PromotionKind.BOOTSTRAP,
        commit=commit,
        actor="bench",
        recorded_at=datetime.fromtimestamp(1_700_000_000, UTC),
    )


def _pipeline(names: Sequence[str]) -> Mapping[str, str]:
    """A dvc.yaml with a stage and a model for each name, its lock, params, and metrics."""
    stages = {f"train-{name}": {"cmd": f"train {name}", "params": [name], "outs": [f"{name}.bin"]} for name in names}
    params = dict.fromkeys(names, 1)
    locked = {
        f"train-{name}": {
            "cmd": f"train {name}",
            "params": {"params.yaml": {name: 1}},
            "outs": [{"path": f"{name}.bin", "hash": "md5", "md5": _digest(name).value, "size": 3}],
        }
        for name in names
    }
    artifacts = {name: {"path": f"{name}.bin", "type": "model"} for name in names}
    return {
        "dvc.yaml": yaml.safe_dump({"stages": stages, "artifacts": artifacts}),
        "dvc.lock": yaml.safe_dump({"schema": "2.0", "stages": locked}),
        "params.yaml": yaml.safe_dump(params),
    }


def _digest(text: str) -> Digest:
    return Digest(algorithm="md5", value=md5(text.encode(), usedforsecurity=False).hexdigest())


def _git(folder: Path, environment: Mapping[str, str], *words: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, input=stdin, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
