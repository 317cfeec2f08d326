"""The reviews that are measured: two commits of a pipeline that ran, and what compares them."""

import json
from collections.abc import Mapping
from hashlib import md5

import yaml

from bench.runs import DVC, KIT, Repository, Run

Files = Mapping[str, str]
BASE = "main"
_ROUNDS = 5


def stages_with_metrics(stages: int, metrics: int, *, value: int) -> Files:
    """So many stages with a param each, of which some write a metrics file and a plot."""
    names = [f"s{number}" for number in range(stages)]
    files = {f"m{number}.json": json.dumps({"accuracy": 0.5 / value, "loss": number}) for number in range(metrics)}
    points = [[{"step": step, "loss": step * value} for step in range(20)] for _ in range(metrics)]
    files |= {f"p{number}.json": json.dumps(found) for number, found in enumerate(points)}
    files |= {"params.yaml": yaml.safe_dump(dict.fromkeys(names, value))}
    return {**files, **_pipeline(names, [f"m{number}.json" for number in range(metrics)], files, value=value)}


def changed_params(stages: int, params: int, *, value: int) -> Files:
    """So many stages, of which as many as there are params that change read one of them."""
    names = [f"s{number}" for number in range(stages)]
    values = {name: value if number < params else 0 for number, name in enumerate(names)}
    return {"params.yaml": yaml.safe_dump(values), **_pipeline(names, [], {}, value=value, values=values)}


def commit_both(repository: Repository, base: Files, head: Files) -> None:
    """Base on `main`, head checked out on a branch of its own."""
    for branch, files in ((BASE, base), ("change", head)):
        repository.run("git", "checkout", "--quiet", "-b", branch)
        for path, text in files.items():
            (repository.root / path).write_text(text)
        repository.run("git", "add", "--all")
        repository.run("git", "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "--quiet", "-m", branch)


def run_report(repository: Repository) -> Run:
    """The kit's report, the fastest of a few runs."""
    return _fastest(repository, (KIT, "report", "--base", BASE, "--format", "json"))


def run_diffs(repository: Repository, *verbs: str) -> Run:
    """DVC's diffs, one after the other, as a script in a workflow runs them."""
    script = " && ".join(f"{DVC} {verb} diff --json {BASE}" for verb in verbs)
    return repository.run("/bin/sh", "-c", script)


def _fastest(repository: Repository, words: tuple[str, ...]) -> Run:
    return min((repository.run(*words) for _ in range(_ROUNDS)), key=lambda run: run.seconds)


def _pipeline(
    names: list[str],
    metrics: list[str],
    files: Mapping[str, str],
    *,
    value: int,
    values: Mapping[str, int] | None = None,
) -> Files:
    """The dvc.yaml of the stages, and the dvc.lock that their run left."""
    defined, locked = {}, {}
    for number, name in enumerate(names):
        made = [metrics[number], f"p{number}.json"] if number < len(metrics) else []
        defined[name] = {"cmd": f"make {name}", "params": [name], "outs": [f"{name}.bin"]} | _results(made)
        outs = {f"{name}.bin": f"{name} {value}", **{path: files[path] for path in made}}
        locked[name] = {
            "cmd": f"make {name}",
            "params": {"params.yaml": {name: (values or {}).get(name, value)}},
            "outs": [
                {"path": path, "hash": "md5", "md5": _md5(text), "size": len(text)}
                for path, text in sorted(outs.items())
            ],
        }
    lock = {"schema": "2.0", "stages": locked}
    return {"dvc.yaml": yaml.safe_dump({"stages": defined}), "dvc.lock": yaml.safe_dump(lock, sort_keys=False)}


def _results(made: list[str]) -> dict[str, object]:
    kinds = dict(zip(("metrics", "plots"), made, strict=False))
    return {kind: [{path: {"cache": False}}] for kind, path in kinds.items()}


def _md5(text: str) -> str:
    """A hash that no version of YAML takes for a number."""
    return f"a{md5(text.encode(), usedforsecurity=False).hexdigest()[1:]}"
