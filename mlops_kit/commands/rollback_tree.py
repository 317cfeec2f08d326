"""Makes the commit that brings models back: the older tree whole where no other model would change, else their part.

A commit that would take other models along, or whose lock nobody can have run, is not proposed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import CommitTree, inconsistencies_of, project_of
from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.documents.yaml_edit import edit_yaml
from mlops_kit.core.errors import InputError, RefusedError
from mlops_kit.core.pipeline.lock import Inconsistency
from mlops_kit.core.pipeline.putting_back import Side, put_back
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE
from mlops_kit.core.ports import Git
from mlops_kit.core.ports.drafts import Draft, Drafts
from mlops_kit.core.promotion.going_back import Way
from mlops_kit.core.types import CommitSha, EnvironmentName, ModelName

_WORKFLOWS = ".github/"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a way back is made with: the environment, the head of its branch, and the file that is left as it is."""

    git: Git
    drafts: Drafts
    environment: EnvironmentName
    head: CommitSha
    config_file: str
    message: str


@dataclass(frozen=True, kw_only=True)
class _Result:
    """A commit, and what is wrong with it: models that would go along, and what its lock says that nobody ran."""

    commit: CommitSha
    along: tuple[ModelName, ...] = ()
    broken: tuple[Inconsistency, ...] = field(default=())
    reached: bool = True

    @property
    def is_good(self) -> bool:
        return self.reached and not self.along and not self.broken


def make_way(bench: Bench, ways: Sequence[Way]) -> CommitSha:
    """The commit on top of the environment's branch that brings these models back, and no other.

    RefusedError where there is none, naming what would go along.
    """
    results = []
    for attempt in _attempts(bench, ways):
        results.append(attempt)
        if attempt.is_good:
            return attempt.commit
    raise _refusal(bench, ways, results)


def _attempts(bench: Bench, ways: Sequence[Way]) -> Iterator[_Result]:
    for commit in dict.fromkeys(way.target.commit for way in ways):
        source = require_commit(bench.git, commit).commit
        yield _judge(bench, ways, bench.drafts.make_commit(_whole(bench, source)))
    yield _judge(bench, ways, _make_parts(bench, ways))


def _whole(bench: Bench, source: CommitSha) -> Draft:
    """The tree of a commit but for the environments' rules and the workflows, which stay as they are."""
    return Draft(
        parent=bench.head,
        tree=bench.head,
        source=source,
        taken=frozenset(path for path in _paths(bench.git, bench.head, source) if _goes_back(bench, path)),
        message=bench.message,
    )


def _goes_back(bench: Bench, path: str) -> bool:
    return path != bench.config_file and not path.startswith(_WORKFLOWS)


def _make_parts(bench: Bench, ways: Sequence[Way]) -> CommitSha:
    """Put the part of one model after the other back."""
    tree = bench.head
    for way in ways:
        source = require_commit(bench.git, way.target.commit).commit
        head, old = _read_side(bench.git, tree), _read_side(bench.git, source)
        found = put_back(head, old, way.model)
        before = bench.git.read_files(tree, found.edits)
        files = {path: edit_yaml(before[path], found.edits[path], file=path) for path in before}
        taken = frozenset(path for path in found.taken if _goes_back(bench, path))
        draft = Draft(parent=bench.head, tree=tree, source=source, message=bench.message)
        tree = bench.drafts.make_commit(replace(draft, taken=taken, files=files))
    return tree


def _read_side(git: Git, commit: CommitSha) -> Side:
    paths = git.list_files(commit)
    wanted = [path for path in paths if path.rpartition("/")[2] in {PIPELINE_FILE, LOCK_FILE}]
    files = git.read_files(commit, wanted)
    return Side(
        project=project_of(CommitTree(git=git, commit=commit)),
        paths=paths,
        documents={path: parse_yaml(data, file=path).value for path, data in files.items()},
    )


def _paths(git: Git, *commits: CommitSha) -> frozenset[str]:
    return frozenset(path for commit in commits for path in (*git.list_files(commit), *git.list_special(commit)))


def _judge(bench: Bench, ways: Sequence[Way], commit: CommitSha) -> _Result:
    """Compare the commit with the head; one that is no project is no way."""
    before, after = (CommitTree(git=bench.git, commit=one) for one in (bench.head, commit))
    here = project_of(before)
    try:
        there = project_of(after)
    except InputError:
        return _Result(commit=commit, reached=False)
    digests = [{model.name: model.digest for model in project.models} for project in (here, there)]
    names = {way.model for way in ways}
    others = sorted((digests[0].keys() | digests[1].keys()) - names)
    known = set(inconsistencies_of(before, here))
    return _Result(
        commit=commit,
        along=tuple(name for name in others if digests[0].get(name) != digests[1].get(name)),
        broken=tuple(found for found in inconsistencies_of(after, there) if found not in known),
        reached=all(digests[1].get(way.model) == way.digest for way in ways),
    )


def _refusal(bench: Bench, ways: Sequence[Way], results: Iterable[_Result]) -> RefusedError:
    """Why none of the commits will do: what the whole older tree would take along, else what nobody ran."""
    found = list(results)
    names = [way.model for way in ways]
    along = sorted({name for result in found for name in result.along})
    broken = [one for result in reversed(found) for one in result.broken]
    reason = f"{', '.join(names)} cannot go back alone in {bench.environment}"
    if along:
        reason += f": {', '.join(along)} would go back too"
    if broken:
        reason += f" ({broken[0].stage} {broken[0].path}: {broken[0].message})"
    together = " ".join([*names, *along])
    hint = f"mlops-kit rollback {bench.environment} {together}" if along else "revert the merge by hand: git revert"
    return RefusedError(reason, hint=hint)
