"""Judges the workflow files that call the kit: pinned, allowed to do their work, and triggered safely."""

import re
from collections.abc import Iterator, Mapping

from mlops_kit.core.doctor.finding import Condition, Finding, Part
from mlops_kit.core.documents import Document
from mlops_kit.core.onboarding.grants import FURTHER, GRANTS
from mlops_kit.core.onboarding.workflow_file import REPOSITORY

_USES = re.compile(rf"{re.escape(REPOSITORY)}(?P<path>/[^@]*)?@(?P<ref>.+)", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PRIVILEGED = frozenset({"pull_request_target", "workflow_run"})
_SECRET = re.compile(r"secrets\.([A-Za-z_][A-Za-z0-9_]*)")
_LABEL = re.compile(r'"([^"]+)"')
_HOSTED = ("ubuntu-", "macos-", "windows-")
_NEEDED = {**GRANTS, **FURTHER}
_HEALING = frozenset({"reconcile", "promote-cloud"})
_LEVELS = ("none", "read", "write")


def judge_workflows(documents: tuple[Document, ...]) -> Iterator[Finding]:
    """A finding for everything that is wrong, and one that says that nothing is."""
    callers = [document for document in documents if any(_uses(document))]
    if not callers:
        yield _finding("kit", Condition.WARN, "no workflow calls the kit", fix="mlops-kit init")
        return
    wrong = [finding for document in callers for finding in _judge(document)]
    yield from wrong
    if not scheduled_files(documents):
        yield _finding(
            "schedule", Condition.WARN, "nothing reconciles on a schedule: what a crash left, or a hand moved, stays",
            fix="call reconcile.yml on a schedule (mlops-kit init)",
        )  # fmt: skip
    if not wrong:
        places = ", ".join(document.file for document in callers)
        yield _finding("kit", Condition.OK, f"{places}: pinned to a commit, with the permissions that are needed")


def scheduled_files(documents: tuple[Document, ...]) -> tuple[str, ...]:
    """The names of the workflow files that call reconcile on a schedule."""
    return tuple(
        document.file.rpartition("/")[2]
        for document in documents
        if "schedule" in _triggers(document) and any(name in _HEALING for _, name, _ in _called(document))
    )


def handed_secrets(documents: tuple[Document, ...]) -> frozenset[str]:
    """The names of the secrets that jobs hand on to the kit."""
    handed = (job.get("secrets") for job in _calling_jobs(documents))
    texts = (str(value) for one in handed if isinstance(one, Mapping) for value in one.values())
    return frozenset(name for text in texts for name in _SECRET.findall(text))


def runner_labels(documents: tuple[Document, ...]) -> frozenset[str]:
    """The labels of the runners of one's own that reproduce; none for GitHub's machines."""
    given = (job.get("with") for job in _calling_jobs(documents))
    texts = [str(one.get("runner", "")) for one in given if isinstance(one, Mapping)]
    found = (label for text in texts for label in _LABEL.findall(text))
    labels = frozenset(found)
    return frozenset() if all(label.startswith(_HOSTED) for label in labels) else labels


def _calling_jobs(documents: tuple[Document, ...]) -> Iterator[Mapping[str, object]]:
    for document in documents:
        for place, _, _ in _called(document):
            yield _jobs(document)[str(place[1])]


def _judge(document: Document) -> Iterator[Finding]:
    for place, _, ref in _uses(document):
        if not _COMMIT.fullmatch(ref):
            yield _finding(
                "pin", Condition.FAIL, f"{_at(document, place)}: the kit is named by {ref!r}, which can be moved",
                fix="name it by the 40 digits of a commit: mlops-kit init --check shows a line to copy",
            )  # fmt: skip
    for place, name, granted in _called(document):
        yield from _judge_grant(document, place, name, granted)
    reproduces = [place for place, name, _ in _called(document) if name == "review"]
    for trigger in sorted(_PRIVILEGED & _triggers(document)) if reproduces else ():
        yield _finding(
            "trigger", Condition.FAIL,
            f"{document.file}: {trigger} would run a pull request's code with the rights of the base",
            fix="call review.yml on pull_request; for forks see docs/github.md",
        )  # fmt: skip


def _judge_grant(document: Document, place: tuple[str | int, ...], name: str, granted: object) -> Iterator[Finding]:
    given = granted if isinstance(granted, Mapping) else {}
    if granted in {"write-all", "read-all"} if isinstance(granted, str) else False:
        given = {right: str(granted).removesuffix("-all") for right in _NEEDED[name]}
    lacking = [
        f"{right}: {level}"
        for right, level in _NEEDED[name].items()
        if _LEVELS.index(level)
        > _LEVELS.index(str(given.get(right, "none")) if given.get(right) in _LEVELS else "none")
    ]
    if lacking:
        yield _finding(
            "permissions", Condition.FAIL, f"{_at(document, place)}: {name}.yml is not granted {', '.join(lacking)}",
            fix="a called workflow has only what its caller grants: add it under the job's permissions",
        )  # fmt: skip


def _uses(document: Document) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Place, path in the kit's repository and reference of everything of the kit's that is used."""
    for name, job in _jobs(document).items():
        found = [(("jobs", name, "uses"), job.get("uses"))]
        steps = job.get("steps")
        for number, step in enumerate(steps if isinstance(steps, list) else ()):
            if isinstance(step, Mapping):
                found.append((("jobs", name, "steps", number, "uses"), step.get("uses")))  # type: ignore[arg-type]
        for place, used in found:
            if isinstance(used, str) and (match := _USES.fullmatch(used)):
                yield place, match["path"] or "", match["ref"]


def _called(document: Document) -> Iterator[tuple[tuple[str | int, ...], str, object]]:
    """Place, name and grants of each of the kit's workflows that a job calls."""
    for place, path, _ in _uses(document):
        name = path.rpartition("/")[2].removesuffix(".yml")
        if name in _NEEDED and len(place) == 3:
            job = _jobs(document)[str(place[1])]
            yield place, name, job.get("permissions", _root(document).get("permissions"))


def _jobs(document: Document) -> Mapping[str, Mapping[str, object]]:
    jobs = _root(document).get("jobs")
    return (
        {str(name): job for name, job in jobs.items() if isinstance(job, Mapping)} if isinstance(jobs, Mapping) else {}
    )


def _triggers(document: Document) -> frozenset[str]:
    """The events; YAML 1.1 reads the key `on` as true."""
    root = _root(document)
    told = root.get("on", root.get(True))  # type: ignore[call-overload]
    if isinstance(told, str):
        return frozenset({told})
    return frozenset(map(str, told)) if isinstance(told, list | Mapping) else frozenset()


def _root(document: Document) -> Mapping[str, object]:
    return document.value if isinstance(document.value, Mapping) else {}


def _at(document: Document, place: tuple[str | int, ...]) -> str:
    return str(document.locate(place))


def _finding(check: str, condition: Condition, message: str, *, fix: str = "") -> Finding:
    return Finding(part=Part.WORKFLOWS, check=check, condition=condition, message=message, fix=fix)
