"""What environments should run, as git says it: at the heads of their branches, or in files of one branch.

Two readers behind one port. A commit is read once, however many environments and models name it.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from mlops_kit.commands.commits import Missing, find_commit
from mlops_kit.commands.facts import CommitTree, inconsistencies_of, project_of
from mlops_kit.commands.world import World
from mlops_kit.core.config import Config, ReaderKind, default_config, parse_config
from mlops_kit.core.errors import InputError, KitError, Location, OutsideError
from mlops_kit.core.pipeline.grounds import assign_inconsistencies
from mlops_kit.core.ports import Git
from mlops_kit.core.promotion.desired import Desired, DesiredModel, NothingDesired
from mlops_kit.core.promotion.environment_lock import LockedModel, environment_lock_path, parse_environment_lock
from mlops_kit.core.types import CommitSha, EnvironmentName, Model


class Reader(Protocol):
    """Says what an environment should run."""

    def read_desired(self, name: EnvironmentName, commit: CommitSha) -> Desired | NothingDesired:
        """What the commit asks for; a KitError where it cannot be read."""


def open_reader(world: World) -> Reader:
    """The reader that the configuration names."""
    declared = Declared(git=world.git)
    match world.config.promotion.reader:
        case ReaderKind.BRANCH:
            return BranchReader(world=world, declared=declared)
        case ReaderKind.PATH:
            return PathReader(world=world, declared=declared)


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The models that commits declare, with what is inconsistent about each."""

    git: Git
    known: dict[CommitSha, tuple[DesiredModel, ...]] = field(default_factory=dict)

    def read(self, commit: CommitSha) -> tuple[DesiredModel, ...]:
        """The models of one commit, by file and name."""
        if commit not in self.known:
            tree = CommitTree(git=self.git, commit=commit)
            project = project_of(tree)
            wrong = assign_inconsistencies(project, inconsistencies_of(tree, project))
            self.known[commit] = tuple(
                DesiredModel(
                    model=model,
                    commit=commit,
                    inconsistencies=tuple(
                        f"{one.stage} {one.path}: {one.message}" for one in wrong.get(model.name, ())
                    ),
                )
                for model in project.models
            )
        return self.known[commit]


@dataclass(frozen=True, kw_only=True)
class BranchReader:
    """The models of the commit itself."""

    world: World
    declared: Declared

    def read_desired(self, name: EnvironmentName, commit: CommitSha) -> Desired:
        """What the commit asks for."""
        models = self.declared.read(commit)
        return Desired(name=name, config=read_config(self.world, name, commit), commit=commit, models=models)


@dataclass(frozen=True, kw_only=True)
class PathReader:
    """The models that the environment's file names, each at a commit of its own."""

    world: World
    declared: Declared

    def read_desired(self, name: EnvironmentName, commit: CommitSha) -> Desired | NothingDesired:
        """What the commit's file asks for."""
        config = read_config(self.world, name, commit)
        path = environment_lock_path(config, name)
        data = self.world.git.read_files(commit, [path]).get(path)
        if data is None:
            branch = config.environments[name].branch
            reason, hint = f"no {path} on branch {branch} yet", f"mlops-kit promote {name} writes it"
            return NothingDesired(name=name, reason=reason, hint=hint, commit=commit)
        models = tuple(self._find(locked, path) for locked in parse_environment_lock(data, file=path))
        return Desired(name=name, config=config, commit=commit, models=models)

    def _find(self, locked: LockedModel, path: str) -> DesiredModel:
        """The model at the commit that it names; what keeps it from being followed is said of it alone."""
        unknown = DesiredModel(
            model=Model(name=locked.name, path="", file=path, digest=locked.digest), commit=locked.commit
        )
        try:
            found = next((one for one in self._read(locked.commit) if one.model.name == locked.name), None)
        except OutsideError as error:
            return replace(unknown, unreadable=str(error))
        except KitError as error:
            reason = f"{path} names commit {locked.commit[:8]}, which cannot be followed: {error.problems[0]}"
            return replace(unknown, problem=reason)
        if found is None:
            return replace(
                unknown, problem=f"{path} names commit {locked.commit[:8]}, which declares no model {locked.name!r}"
            )
        if found.model.digest == locked.digest:
            return found
        has = f"has {found.model.digest}" if found.model.digest else "has no bytes"
        problem = f"{path} asks for {locked.digest}, but commit {locked.commit[:8]} {has} of {locked.name}"
        return replace(unknown, problem=problem)

    def _read(self, commit: CommitSha) -> tuple[DesiredModel, ...]:
        """The models of a commit; one that a shallow clone lacks is fetched."""
        git = self.world.git
        found = find_commit(git, commit) if git.is_shallow else None
        if isinstance(found, Missing) and found.notes:
            raise OutsideError(found.notes[0])
        return self.declared.read(git.resolve(commit))


def read_config(world: World, name: EnvironmentName, commit: CommitSha) -> Config:
    """The commit's own configuration, which must know the environment."""
    data = world.git.read_files(commit, [world.config_file]).get(world.config_file)
    config = default_config() if data is None else parse_config(data, file=world.config_file)
    if name not in config.environments:
        raise InputError(
            f"commit {commit[:8]} does not configure the environment {name}",
            location=Location(file=world.config_file),
            hint=f"merge the {world.config_file} that does into the environment's branch",
        )
    if _source(config) != _source(world.config):
        raise InputError(
            f"commit {commit[:8]} says otherwise than this work tree how to find out what {name} should run",
            location=Location(file=world.config_file),
            field="promotion",
            hint="check out the branch that the environment follows, or merge the change into it first",
        )
    return config


def _source(config: Config) -> tuple[ReaderKind, str]:
    return config.promotion.reader, config.promotion.folder
