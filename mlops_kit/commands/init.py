"""Adds the kit to a repository: looks at what is there, plans the files, writes those that are missing.

What is there already is never overwritten. Nothing runs the pipeline, DVC or a registry.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from mlops_kit.commands.facts import project_of
from mlops_kit.core.config import CONFIG_FILE, Config, ReaderKind, parse_config
from mlops_kit.core.errors import InputError, KitError, Location
from mlops_kit.core.onboarding.choices import Choices, Followed
from mlops_kit.core.onboarding.files import WORKFLOW_FILE, Fate, PlannedFile
from mlops_kit.core.onboarding.survey import (
    CODEOWNERS_PLACES,
    SETUP_FILES,
    Survey,
    find_metrics,
    guess_python,
    guess_setup,
    parse_remotes,
)
from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.stages import PIPELINE_FILE
from mlops_kit.core.pipeline.values import metric_values, parse_values
from mlops_kit.core.ports import Forge, Tree
from mlops_kit.core.ports.drafts import Draft, Drafts
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import CommitSha

Part = TypeVar("Part")
_PYTHON_FILE = ".python-version"
_DVC_CONFIG = ".dvc/config"


@dataclass(frozen=True, kw_only=True)
class Branches:
    """The repository's branches, and the one that pull requests go to."""

    names: tuple[str, ...]
    default: str


@dataclass(frozen=True, kw_only=True)
class Onboarding:
    """A pull request that adds the kit: its title and text, and the commit's message."""

    branch: str
    base: str
    title: str
    body: str
    message: str


def has_pipeline(tree: Tree) -> bool:
    """Whether there is a dvc.yaml at all."""
    return any(path == PIPELINE_FILE or path.endswith(f"/{PIPELINE_FILE}") for path in tree.list_files())


def survey(tree: Tree, branches: Branches, *, root: str | None) -> Survey:
    """What the repository has; `root` names a DVC root where there are several, else the first one counts."""
    project = project_of(tree)
    chosen = _choose_root(project, root)
    paths = [f"{chosen}/{name}".lstrip("/") for name in (*SETUP_FILES, _PYTHON_FILE, _DVC_CONFIG)]
    present = tree.read_files([*paths, *CODEOWNERS_PLACES, _PYTHON_FILE])
    own = {path.removeprefix(f"{chosen}/" if chosen else ""): data for path, data in present.items()}
    return Survey(
        roots=project.roots,
        root=chosen,
        stages=tuple(
            stage.name for stage in _of(project, chosen, project.stages, lambda one: one.file) if not stage.is_data
        ),
        models=tuple(model.name for model in _of(project, chosen, project.models, lambda one: one.file)),
        metrics=find_metrics(_read_metrics(tree, _of(project, chosen, project.metric_files, str))),
        remotes=parse_remotes(own.get(_DVC_CONFIG)),
        branches=branches.names,
        default_branch=branches.default,
        setup=guess_setup(own),
        python=guess_python(own.get(_PYTHON_FILE) or present.get(_PYTHON_FILE)),
        codeowners=next((place for place in CODEOWNERS_PLACES if place in present), ""),
    )


def read_present(tree: Tree, found: Survey) -> Mapping[str, str]:
    """The texts of those of the kit's files that are there; InputError for one that is no text."""
    return read_texts(tree, [CONFIG_FILE, WORKFLOW_FILE, *filter(None, [found.codeowners])])


def read_texts(tree: Tree, paths: Iterable[str]) -> Mapping[str, str]:
    """The texts of those paths that are there; InputError for one that is no text."""
    texts = {}
    for path, data in tree.read_files(paths).items():
        try:
            texts[path] = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError("is not UTF-8 text", location=Location(file=path)) from error
    return texts


def heed_policy(choices: Choices, present: Mapping[str, str]) -> Choices:
    """The choices, with what an existing mlops.yaml says already: it is the source, and stays as it is."""
    if CONFIG_FILE not in present:
        return choices
    config = parse_config(present[CONFIG_FILE].encode(), file=CONFIG_FILE)
    return replace(choices, followed=_followed(config), registry=config.registry.kind)


def write_files(planned: Iterable[PlannedFile], write: Callable[[str, bytes], None]) -> None:
    """Write what is missing, whole files each; after a crash the same again writes the rest."""
    for file in planned:
        if file.is_written:
            write(file.path, file.new.encode())


def propose(drafts: Drafts, forge: Forge, head: CommitSha, planned: Iterable[PlannedFile], about: Onboarding) -> str:
    """Push the files as a branch and open its pull request, or find it again; its address."""
    files = {file.path: file.new.encode() for file in planned if file.is_written}
    draft = Draft(parent=head, tree=head, source=head, files=files, message=about.message)
    drafts.push_branch(about.branch, drafts.make_commit(draft))
    return forge.open_pull_request(about.branch, about.base, title=about.title, body=about.body).url


def is_complete(planned: Iterable[PlannedFile]) -> bool:
    """Whether every file says what the kit would write."""
    return all(file.fate is Fate.UNCHANGED for file in planned)


def _choose_root(project: Project, root: str | None) -> str:
    if root is None:
        used = {root_of(file, project.roots) for file in project.definitions}
        return min(used, default="")
    wanted = root.strip("/").removeprefix("./")
    wanted = "" if wanted == "." else wanted
    if wanted not in project.roots:
        known = ", ".join(one or "." for one in project.roots)
        raise InputError(f"{root!r} is no folder that DVC was initialised in", hint=f"there are: {known}")
    return wanted


def _of(project: Project, root: str, parts: Iterable[Part], file_of: Callable[[Part], str]) -> list[Part]:
    """Those parts of a project that lie in one DVC root."""
    return [part for part in parts if root_of(file_of(part), project.roots) == root]


def _read_metrics(tree: Tree, paths: Iterable[str]) -> list[MetricFile]:
    """The metrics files that lie in the tree and can be read; what cannot is `validate`'s to tell."""
    found = []
    for path, data in tree.read_files(paths).items():
        with suppress(KitError):
            found.append(metric_values(path, parse_values(data, path=path)))
    return found


def _followed(config: Config) -> tuple[Followed, ...]:
    """The configuration's environments in the order of promotion."""
    if config.promotion.reader is ReaderKind.PATH:
        raise InputError(
            "environments follow files here (promotion: {reader: path}), which init writes no workflow for",
            location=Location(file=CONFIG_FILE),
            hint="docs/promotion.md shows the workflow to write",
        )
    return tuple(Followed(environment=name, branch=one.branch) for name, one in config.environments.items())
