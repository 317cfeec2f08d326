"""Reads the two sides that a report compares, whose rules hold between them, and what is live beside them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from mlops_kit.commands.ahead import bring_files, bring_objects
from mlops_kit.commands.evaluations import Held, Place, read_evaluations
from mlops_kit.commands.facts import CommitTree, Facts, inconsistencies_of, read_facts
from mlops_kit.commands.judge import Bench, read_live
from mlops_kit.commands.sides import Policy, Question, Sides, choose_environment, choose_sides, read_policy
from mlops_kit.core.config import Config
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.ports import Tree
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.comparability import ObstacleRow, find_obstacles
from mlops_kit.core.review.live import LiveMetrics
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.review.report import Side
from mlops_kit.core.types import CommitSha, EnvironmentName


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Base and head as they were read; `base_error` says why base has no facts.

    `evaluated` is what scoring the live version beside head's left.
    """

    sides: Sides
    policy: Policy
    environment: EnvironmentName
    base_tree: Tree
    head_tree: Tree
    base: Facts
    head: Facts
    live: LiveMetrics
    base_error: str = ""
    evaluated: Held = field(default_factory=Held)

    @property
    def config(self) -> Config:
        """The rules in force."""
        return self.policy.config

    @property
    def other_live_metrics(self) -> tuple[MetricFile, ...]:
        """The metrics of what is live where that is not base itself."""
        return () if self.live.is_commit(self.sides.base.commit) else self.live.files or ()


def read_comparison(question: Question, bench: Bench, work_tree: Tree) -> Comparison:
    """Everything that a report compares.

    InputError for a revision or environment that is none, and where head's own files cannot be read.
    """
    sides = choose_sides(question, bench.git, bench.log)
    base_tree = open_side(sides.base, bench, work_tree)
    head_tree = open_side(sides.head, bench, work_tree)
    bring_files(bench.git, (sides.head, sides.base), question.config_file)
    policy = read_policy(base_tree, head_tree, file=question.config_file)
    environment = choose_environment(question, policy.config, sides)
    with suppress(KitError):
        bring_objects(bench.objects, (base_tree, head_tree))
    head = _read_head(head_tree, bench)
    base, base_error = _read_base(base_tree, bench, head)
    live = read_live(bench, environment, known={} if base_error else {CommitSha(sides.base.commit): base})
    place = Place(tree=head_tree, project=head.project, environment=environment)
    return Comparison(
        sides=sides,
        policy=policy,
        environment=environment,
        base_tree=base_tree,
        head_tree=head_tree,
        base=base,
        head=head,
        live=live,
        base_error=base_error,
        evaluated=read_evaluations(place, policy.config, live.digests),
    )


def open_side(side: Side, bench: Bench, work_tree: Tree) -> Tree:
    """The files of a side."""
    return work_tree if side.worktree else CommitTree(git=bench.git, commit=CommitSha(side.commit))


def find_all_obstacles(compared: Comparison) -> tuple[ObstacleRow, ...]:
    """Why metrics of head are not to be compared with base, or with what is live where that is something else."""
    head, config, metrics = compared.head.project, compared.config, compared.head.metrics
    known = () if compared.base_error else find_obstacles(compared.base.project, head, config, metrics=metrics)
    live = compared.live
    beside = () if live.is_commit(compared.sides.base.commit) else live.find_obstacles(head, config, metrics=metrics)
    return (*known, *beside)


def find_warnings(compared: Comparison) -> tuple[str, ...]:
    """What is wrong with head itself: each is worth a look before a merge."""
    locks = (
        f"lock inconsistent: stage {found.stage}: {found.path}: {found.message}"
        for found in inconsistencies_of(compared.head_tree, compared.head.project)
    )
    broken = (f"{file.path} cannot be read in head: {file.error}" for file in compared.head.metrics if file.error)
    return (*locks, *broken)


def write_notes(compared: Comparison, found: tuple[str, ...]) -> tuple[str, ...]:
    """All that could not be found out, each thing once; `found` are the warnings and what other parts noted."""
    notes = (*compared.sides.notes, *compared.policy.notes, *_base_notes(compared), *found, *_param_notes(compared))
    told = (*notes, *compared.base.notes, *compared.head.notes, *compared.live.notes, *compared.evaluated.notes)
    return tuple(clip(note) for note in dict.fromkeys(told))


def _read_head(tree: Tree, bench: Bench) -> Facts:
    found = read_facts(tree, bench.resolver, bench.objects)
    if not found.project.definitions:
        raise InputError("there is no dvc.yaml in head", hint="run in a repository with a DVC pipeline")
    return found


def _read_base(tree: Tree, bench: Bench, head: Facts) -> tuple[Facts, str]:
    """A base that cannot be read is a finding: gates that compare with it are not evaluable."""
    try:
        return read_facts(tree, bench.resolver, bench.objects), ""
    except KitError as error:
        lost = tuple(MetricFile(path=file.path, error=str(error)) for file in head.metrics)
        return Facts(project=Project(), metrics=lost), str(error)


def _base_notes(compared: Comparison) -> Iterator[str]:
    if compared.live.error:
        yield f"what is live in {compared.environment} cannot be read: {compared.live.error}"
    if compared.base_error:
        yield f"base cannot be read: {compared.base_error}"
        return
    for file in compared.base.metrics:
        if file.error:
            yield f"{file.path} cannot be read in base: {file.error}"


def _param_notes(compared: Comparison) -> Iterator[str]:
    for side, facts in (("base", compared.base), ("head", compared.head)):
        for file in facts.params:
            if file.error:
                yield f"{file.path} cannot be read in {side}: {file.error}"
