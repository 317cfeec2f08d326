"""Scores the live model and the candidate on the same data, and writes down what both did."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.comparison import open_side
from mlops_kit.commands.evaluations import Place, read_evaluation, trial_of
from mlops_kit.commands.facts import project_of, read_project
from mlops_kit.commands.judge import Bench
from mlops_kit.commands.live import last_records
from mlops_kit.commands.score import Arena, Contestant, score_both
from mlops_kit.commands.sides import Question, choose_environment, choose_sides, read_policy
from mlops_kit.core.config import Config
from mlops_kit.core.config.names import suggest
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.pipeline.scoring import Trial
from mlops_kit.core.pipeline.values import metric_values, parse_values
from mlops_kit.core.ports import Git, Tree
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.evaluation import (
    LIMIT,
    Evaluation,
    describe_trial,
    evaluation_json,
    evaluation_path,
)
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.review.scores import compare_scores
from mlops_kit.core.types import CommitSha, EnvironmentName, Model, ModelName, PromotionRecord


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Where versions are compared: what judges, the work tree, the arena while it is open, and where results go."""

    bench: Bench
    work_tree: Tree
    open_arena: Callable[[], AbstractContextManager[Arena]]
    write: Callable[[str, str], None]


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A model that was not scored, and why there is nothing to compare."""

    model: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was compared in which environment; `known` are models whose evaluation held still."""

    environment: EnvironmentName
    evaluations: tuple[Evaluation, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    known: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Match:
    """A model to score: how, and the record that says what is live."""

    trial: Trial
    live: PromotionRecord


def evaluate(contest: Contest, question: Question, models: Iterable[str] = (), *, force: bool = False) -> Outcome:
    """Compare the models of the work tree with what is live, by the policy of base; what holds still is kept.

    InputError for a model that the policy does not name. The first command that fails ends it.
    """
    sides = choose_sides(question, contest.bench.git, contest.bench.log)
    base = open_side(sides.base, contest.bench, contest.work_tree)
    config = read_policy(base, contest.work_tree, file=question.config_file).config
    environment = choose_environment(question, config, sides)
    wanted = _wanted(config, models)
    if not wanted:
        return Outcome(environment=environment)
    place = Place(tree=contest.work_tree, project=project_of(contest.work_tree), environment=environment)
    live = last_records(contest.bench.log.read_records(), environment)
    found = {name: _find_match(place, config, name, live) for name in wanted}
    matches = {name: match for name, match in found.items() if isinstance(match, _Match)}
    known = {} if force else {name: held for name, one in matches.items() if (held := _find_known(place, one))}
    fresh = [match for name, match in matches.items() if name not in known]
    made = {one.model: one for one in _score_all(contest, place, fresh)}
    return Outcome(
        environment=environment,
        evaluations=tuple({**known, **made}[name] for name in matches),
        skipped=tuple(one for one in found.values() if isinstance(one, Skipped)),
        known=tuple(known),
    )


def _wanted(config: Config, models: Iterable[str]) -> tuple[str, ...]:
    asked = tuple(models)
    for name in asked:
        if name not in config.evaluate:
            hint = suggest(name, config.evaluate) if config.evaluate else "add it under evaluate: in mlops.yaml"
            raise InputError(f"mlops.yaml does not say how {name!r} is evaluated", field="evaluate", hint=hint)
    return asked or tuple(sorted(config.evaluate))


def _find_match(place: Place, config: Config, name: str, live: Mapping[ModelName, PromotionRecord]) -> _Match | Skipped:
    record = live.get(ModelName(name))
    if record is None:
        return Skipped(model=name, reason=f"nothing is live in {place.environment} yet")
    trial = trial_of(place, ModelName(name), config.evaluate[name])
    if trial.model.digest == record.digest:
        return Skipped(model=name, reason=f"the candidate is what is live in {place.environment}")
    return _Match(trial=trial, live=record)


def _find_known(place: Place, match: _Match) -> Evaluation | None:
    """The evaluation that is there already, where it is of these bytes, this data and this command."""
    try:
        return read_evaluation(place, match.trial, match.live.digest)
    except KitError:
        return None


def _score_all(contest: Contest, place: Place, matches: Iterable[_Match]) -> list[Evaluation]:
    waiting, made = list(matches), []
    if not waiting:
        return []
    with contest.open_arena() as arena:
        for match in waiting:
            found = _compare(contest.bench.git, arena, place, match)
            contest.write(evaluation_path(place.environment, found.model), evaluation_json(found))
            made.append(found)
    return made


def _compare(git: Git, arena: Arena, place: Place, match: _Match) -> Evaluation:
    trial, record = match.trial, match.live
    champion = Contestant(side="live model", model=_live_model(git, trial.model, record), commit=record.commit)
    candidate = Contestant(side="candidate", model=trial.model, commit=git.resolve("HEAD"))
    live, own = score_both(arena, trial, champion, candidate)
    compared = compare_scores(live, own)
    lines, inputs = describe_trial(trial)
    return Evaluation(
        environment=place.environment,
        model=trial.model.name,
        live=str(record.digest),
        candidate=str(trial.model.digest),
        lines=lines,
        inputs=inputs,
        scores=compared.scores,
        notes=(*compared.notes, *_not_reproduced(place.tree, own.files))[:LIMIT],
    )


def _not_reproduced(tree: Tree, scored: Iterable[MetricFile]) -> Iterator[str]:
    """Metrics that come out otherwise for the candidate than the pipeline recorded them, where the tree has those."""
    for file in scored:
        data = tree.read_files([file.path]).get(file.path)
        recorded = metric_values(file.path, parse_values(data, path=file.path)).values if data else {}
        for key in sorted(recorded.keys() & file.values.keys()):
            if repr(recorded[key]) != repr(file.values[key]):
                yield clip(f"{key} of the candidate is {file.values[key]} now, and {recorded[key]} in {file.path}")


def _live_model(git: Git, candidate: Model, record: PromotionRecord) -> Model:
    """The live version as its own commit declares it; where that cannot be had, as the candidate with its digest."""
    try:
        project = read_project(git, require_commit(git, CommitSha(record.commit)).commit)
    except KitError:
        project = None
    declared = (model for model in (project.models if project else ()) if model.name == record.model)
    found = next((model for model in declared if model.digest == record.digest), None)
    return found or replace(candidate, digest=record.digest, cached=True, stored=())
