"""Reads what an environment runs: the commits that its last records name, and the metrics that belong to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import CommitTree, Facts, read_facts, read_project
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.pipeline.graph import upstream_of
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import Stage
from mlops_kit.core.ports import Git, Objects, PromotionLog, Resolver
from mlops_kit.core.review.live import LiveMetrics, LivePart
from mlops_kit.core.review.measurement import index_measuring
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import CommitSha, EnvironmentName, ModelName, PromotionRecord

LIVE = "live:"
"""What a base or a reference begins with that is what an environment runs."""
_Live = Mapping[ModelName, PromotionRecord]


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where commits are read; `known` are facts that were read already."""

    git: Git
    resolver: Resolver
    objects: Objects | None = None
    known: Mapping[CommitSha, Facts] = field(default_factory=dict)

    def read(self, commit: CommitSha) -> Facts:
        """What a commit holds; one that a shallow clone lacks is fetched."""
        if commit in self.known:
            return self.known[commit]
        tree = CommitTree(git=self.git, commit=require_commit(self.git, commit).commit)
        return read_facts(tree, self.resolver, self.objects)


def last_records(records: Iterable[PromotionRecord], environment: EnvironmentName) -> _Live:
    """The record of each model that says what the environment runs."""
    own = (record for record in records if record.environment == environment)
    return {record.model: record for record in sorted(own, key=lambda record: record.seq)}


def confirm_last(git: Git, log: PromotionLog, record: PromotionRecord) -> None:
    """Registries and targets have no compare-and-swap: who moves one looks before and after if the log moved on."""
    git.fetch()
    last = last_records((one for one in log.read_records() if one.model == record.model), record.environment)
    if record.model not in last or last[record.model].seq != record.seq:
        raise ConflictError(f"{record.model} was promoted to {record.environment} by somebody else meanwhile")


def find_live_commit(git: Git, live: _Live) -> CommitSha | None:
    """The one commit that has every live version; of several the newest. None where there is none."""
    commits = sorted({record.commit for record in live.values()})
    if len(commits) < 2:
        return next(iter(commits), None)
    whole = [commit for commit in commits if _has_all(read_project(git, require_commit(git, commit).commit), live)]
    return next((one for one in whole if all(git.is_ancestor(other, one) for other in whole)), None)


def tell_commits(live: _Live) -> str:
    """Which model is live at which commit, for a message."""
    return ", ".join(f"{name} at {record.commit[:8]}" for name, record in sorted(live.items()))


def read_live_metrics(shelf: Shelf, live: _Live) -> LiveMetrics:
    """The metrics of what is live; of several commits each file from the one that has the model it is of."""
    if not live:
        return LiveMetrics()
    commit = find_live_commit(shelf.git, live)
    commits = {commit} if commit else {record.commit for record in live.values()}
    facts = {one: shelf.read(one) for one in commits}
    return _join(_Several(live=live, facts=facts)) if commit is None else _whole(commit, facts[commit])


@dataclass(frozen=True, kw_only=True)
class _Several:
    """Models that are live at different commits, with what was read of each."""

    live: _Live
    facts: Mapping[CommitSha, Facts]


def _has_all(project: Project, live: _Live) -> bool:
    digests = {model.name: model.digest for model in project.models}
    return all(digests.get(name) == record.digest for name, record in live.items())


def _whole(commit: CommitSha, facts: Facts) -> LiveMetrics:
    part = LivePart(project=facts.project, paths=tuple(file.path for file in facts.metrics))
    return LiveMetrics(files=facts.metrics, commit=commit, parts=(part,))


def _join(several: _Several) -> LiveMetrics:
    claims = _claims(several)
    chosen = tuple(_choose(path, commits, several.facts) for path, commits in sorted(claims.items()))
    parts = tuple(
        LivePart(
            project=facts.project,
            paths=tuple(path for path, commits in sorted(claims.items()) if commits == {commit}),
        )
        for commit, facts in sorted(several.facts.items())
    )
    told = tell_commits(several.live)
    note = f"models are live at different commits ({told}): each metrics file is read where the model is that it is of"
    return LiveMetrics(files=chosen, parts=parts, notes=(note,))


def _claims(several: _Several) -> Mapping[str, set[CommitSha]]:
    """For each metrics file the commits of the live models that it is of; none where it is of no model."""
    claims: dict[str, set[CommitSha]] = {file.path: set() for facts in several.facts.values() for file in facts.metrics}
    for name, record in several.live.items():
        for path in _paths_about(name, several.facts[record.commit]):
            claims[path].add(record.commit)
    return claims


def _paths_about(name: ModelName, facts: Facts) -> Iterator[str]:
    """The metrics files that are written on the way to a model, or after it."""
    index = index_measuring(facts.project)
    makers = [
        found.stage
        for model in facts.project.models
        if model.name == name
        for found in index.producers.around(model.path)
    ]
    before = {stage.name for maker in makers for stage in upstream_of(maker, facts.project.stages)}
    for file in facts.metrics:
        writer = index.find_writer(file.path)
        if writer and (writer.name in before or _reads_from(writer, makers, facts.project)):
            yield file.path


def _reads_from(stage: Stage, makers: Iterable[Stage], project: Project) -> bool:
    behind = {found.name for found in upstream_of(stage, project.stages)}
    return any(maker.name in behind for maker in makers)


def _choose(path: str, commits: set[CommitSha], facts: Mapping[CommitSha, Facts]) -> MetricFile:
    if len(commits) != 1:
        about = "models that are live at different commits" if commits else "no model that is live"
        return MetricFile(path=path, error=f"it is of {about}")
    (commit,) = commits
    return next(file for file in facts[commit].metrics if file.path == path)
