"""What a reproduce tells an experiment tracker: its key, its results and its circumstances; and the way back to it.

A run tells only what it vouches for: metrics and models of stages that failed, or were not looked at, are left out.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from mlops_kit.core.pipeline.lineage import compute_lock_digest
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import is_inside
from mlops_kit.core.pipeline.values import Value, ValueFile
from mlops_kit.core.review.cells import portable
from mlops_kit.core.review.metrics import is_finite, is_number
from mlops_kit.core.review.report import TrackedRun
from mlops_kit.core.review.tracked_names import PARAM_LIMIT, fit_name, fit_text, name_values, show_param
from mlops_kit.core.run import StageResult, StageState
from mlops_kit.core.tracking import KEY_TAG, Checkout, RunAddress, RunData, RunRecord, RunStatus
from mlops_kit.core.types import StageName

VALUES_LIMIT = 2_000
"""Params, and metrics, of a run; what is beyond is left out, and a tag says how many."""
STAGES_LIMIT = 500
"""Stages of a run that are told, those that failed or ran first."""
_VOUCHED = frozenset({StageState.CACHED, StageState.RESTORED, StageState.RAN})
_TOLD_FIRST = (StageState.FAILED, StageState.RAN, StageState.RESTORED, StageState.SKIPPED, StageState.CACHED)
_FLOAT_LIMIT = 2**1023
_SERVER = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#\s]*@)?(?P<host>[A-Za-z0-9.\-]+(?::\d{1,5})?|\[[0-9A-Fa-f:]+\](?::\d{1,5})?)"
    r"(?P<path>(?:/[\w.~%\-]*)*)(?:[?#].*)?",
    re.ASCII,
)
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_EXPERIMENT_ID = re.compile(r"[0-9a-zA-Z]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a reproduce left: `stages` are its results, by address from the repository's top, `root` is DVC's root.

    `project`, `metrics` and `params` are what the work tree of that root says after it.
    """

    checkout: Checkout
    root: str
    project: Project
    metrics: tuple[ValueFile, ...]
    params: tuple[ValueFile, ...]
    stages: tuple[StageResult, ...]
    message: str = ""

    @property
    def status(self) -> RunStatus:
        """Whether it went well; `message` says what did not."""
        return RunStatus.FAILED if self.message else RunStatus.FINISHED


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Who ran it, where and when; all may be empty but the times, in milliseconds since 1970."""

    began: int
    ended: int
    repository: str = ""
    actor: str = ""
    branch: str = ""
    workflow_run: str = ""


def describe_run(ran: Ran, teller: Teller, *, experiment: str, hide: Callable[[str], str]) -> RunRecord:
    """What to track of a reproduce; `hide` replaces secrets in whatever goes out."""
    params = {name: hide(show_param(value)) for name, value in name_values(ran.params).items()}
    lock = compute_lock_digest(ran.project.stages)
    key = _key(ran.checkout.commit, ran.root, lock, params)
    origin = {"mlops.commit": ran.checkout.commit, "mlops.lock": lock, "mlops.repository": teller.repository}
    values = _Values(name_values(_vouched_metrics(ran)))
    results = RunData(
        params=_cut(params, PARAM_LIMIT),
        metrics=values.numbers(),
        tags={KEY_TAG: key, **origin, **_place(ran), **_models(ran), **values.texts(), **_remarks(params, values)},
    )
    circumstances = RunData(metrics=dict(_stage_metrics(ran.stages)), tags={**_stage_tags(ran), **_who(ran, teller)})
    branch = teller.branch or ran.checkout.branch or "detached"
    return RunRecord(
        experiment=experiment,
        key=key,
        name=fit_text(hide(f"{branch}@{ran.checkout.commit[:8]}"), limit=250),
        status=ran.status,
        began=teller.began,
        ended=teller.ended,
        results=_told(results, hide),
        circumstances=_told(circumstances, hide),
    )


def as_tracked(run: RunAddress) -> TrackedRun | None:
    """The run as a report names it; None for ids that MLflow does not give."""
    if not _RUN_ID.fullmatch(run.run_id) or not _EXPERIMENT_ID.fullmatch(run.experiment_id):
        return None
    return TrackedRun(experiment_id=run.experiment_id, run_id=run.run_id)


def tracking_url(tracking_uri: str, tracked: TrackedRun | None) -> str:
    """The run's page on the server that the caller trusts, without credentials; empty where that has no pages."""
    server = _SERVER.fullmatch(tracking_uri.strip())
    if tracked is None or server is None:
        return ""
    top = f"{server['scheme']}://{server['host']}{server['path'].rstrip('/')}"
    return f"{top}/#/experiments/{tracked.experiment_id}/runs/{tracked.run_id}"


def _key(commit: str, root: str, lock: str, params: Mapping[str, str]) -> str:
    """What makes two reproduces one run: commit, lock, and the params, which a failed run leaves out of the lock."""
    text = json.dumps([commit, root, lock, dict(params)], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def _vouched_metrics(ran: Ran) -> Iterator[ValueFile]:
    return (file for file in ran.metrics if not file.error and _is_vouched(ran, file.path))


def _is_vouched(ran: Ran, path: str) -> bool:
    """Whether the run stands for what lies at the path: one of its good stages made it, or no stage does."""
    good = {stage.name for stage in ran.stages if stage.state in _VOUCHED}
    makers = _makers(ran.project, path)
    return not makers or bool(good & makers)


def _makers(project: Project, path: str) -> frozenset[StageName]:
    return frozenset(
        stage.name
        for stage in project.stages
        if any(is_inside(path, output.path) or is_inside(output.path, path) for output in stage.outputs)
    )


class _Values:
    """The metrics of a run: finite numbers, and what MLflow cannot take as one, as texts."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(list(values.items())[:VALUES_LIMIT])
        self.left_out = len(values) - len(self._values)

    def numbers(self) -> dict[str, float]:
        """What can be plotted."""
        return {
            fit_name(name): float(value)
            for name, value in self._values.items()
            if isinstance(value, int | float) and _is_plottable(value)
        }

    def texts(self) -> dict[str, str]:
        """NaN, infinities, booleans and texts, as tags."""
        return {
            f"mlops.metric.{fit_name(name, limit=200)}": show_param(portable(value))
            for name, value in self._values.items()
            if not _is_plottable(value)
        }

    def names(self) -> tuple[str, ...]:
        """The names as the files have them."""
        return tuple(self._values)


def _is_plottable(value: Value) -> bool:
    return is_number(value) and is_finite(value) and isinstance(value, int | float) and abs(value) < _FLOAT_LIMIT


def _cut(params: Mapping[str, str], limit: int) -> dict[str, str]:
    return {fit_name(name): fit_text(value, limit=limit) for name, value in list(params.items())[:VALUES_LIMIT]}


def _place(ran: Ran) -> dict[str, str]:
    return {"mlops.root": ran.root} if ran.root else {}


def _models(ran: Ran) -> dict[str, str]:
    tags = {}
    for model in ran.project.models:
        if model.digest is None or not _is_vouched(ran, model.path):
            continue
        name = fit_name(model.name, limit=200)
        tags[f"mlops.digest.{name}"] = str(model.digest)
        if model.recipe:
            tags[f"mlops.recipe.{name}"] = model.recipe
    return tags


def _remarks(params: Mapping[str, str], values: _Values) -> dict[str, str]:
    """What is not told as it is: names spelled otherwise, values cut, and how many were left out."""
    spelled = [f"{fit_name(name)} is {name}" for name in (*params, *values.names()) if fit_name(name) != name]
    cut = [f"{fit_name(name)} is cut" for name, value in params.items() if len(value) > PARAM_LIMIT]
    left_out = max(0, len(params) - VALUES_LIMIT) + values.left_out
    remarks = {
        "mlops.spelling": "; ".join([*spelled, *cut]),
        "mlops.left_out": f"{left_out} params and metrics" if left_out else "",
    }
    return {name: text for name, text in remarks.items() if text}


def _told_stages(stages: Iterable[StageResult]) -> list[StageResult]:
    return sorted(stages, key=lambda stage: (_TOLD_FIRST.index(stage.state), stage.name))[:STAGES_LIMIT]


def _stage_metrics(stages: Iterable[StageResult]) -> Iterator[tuple[str, float]]:
    for stage in _told_stages(stages):
        if stage.state not in {StageState.RAN, StageState.FAILED}:
            continue
        name = f"stage.{fit_name(stage.name, limit=200)}"
        yield f"{name}.seconds", round(stage.seconds, 3)
        if stage.usage:
            yield f"{name}.cpu_seconds", round(stage.usage.cpu_seconds, 3)
            yield f"{name}.memory_bytes", float(stage.usage.memory_bytes)
            if stage.usage.gpu_memory_bytes is not None:
                yield f"{name}.gpu_memory_bytes", float(stage.usage.gpu_memory_bytes)


def _stage_tags(ran: Ran) -> dict[str, str]:
    return {f"mlops.stage.{fit_name(stage.name, limit=200)}": stage.state.value for stage in _told_stages(ran.stages)}


def _who(ran: Ran, teller: Teller) -> dict[str, str]:
    """Who ran it, in the kit's words and in those that MLflow's own pages show in columns."""
    branch = teller.branch or ran.checkout.branch
    known = {
        "mlops.branch": branch,
        "mlops.actor": teller.actor,
        "mlops.workflow_run": teller.workflow_run,
        "mlops.dirty": "true" if ran.checkout.dirty else "",
        "mlops.message": ran.message,
        "mlflow.user": teller.actor,
        "mlflow.source.name": "mlops-kit reproduce",
        "mlflow.source.type": "JOB" if teller.workflow_run else "LOCAL",
        "mlflow.source.git.commit": ran.checkout.commit,
        "mlflow.source.git.branch": branch,
    }
    return {name: value for name, value in known.items() if value}


def _told(data: RunData, hide: Callable[[str], str]) -> RunData:
    tags = {name: fit_text(hide(value)) for name, value in data.tags.items()}
    return RunData(params=data.params, metrics=data.metrics, tags={name: text for name, text in tags.items() if text})
