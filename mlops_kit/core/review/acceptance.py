"""Which paths a stranger's run may write into a pull request's branch, and which objects a DVC remote gets for it.

Only a dvc.lock beside a dvc.yaml of the head, outputs that its stages leave to git, and evaluations of its models may
change. Values only.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mlops_kit.core.errors import IntegrityError, InvalidInputError, Location, Problem
from mlops_kit.core.pipeline.graph import folders_above
from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE, Output, Stage
from mlops_kit.core.ports.handing import KeptOutput
from mlops_kit.core.review.evaluation import evaluation_path, is_evaluation_path, parse_evaluation

_GUARDED_NAMES = ("dvc.yaml", "mlops.yaml", "*.dvc", ".dvcignore", ".git*", "CODEOWNERS", "action.yml", "action.yaml")
_GUARDED_FOLDERS = frozenset({".git", ".github", ".dvc"})
_PATH_BYTES = 4_096


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The pull request's head: its project, its regular files, and what else it has (links, submodules)."""

    project: Project
    files: frozenset[str]
    special: frozenset[str] = frozenset()


def lock_of(file: str) -> str:
    """The lock of a dvc.yaml."""
    return f"{file.removesuffix(PIPELINE_FILE)}{LOCK_FILE}"


def check_paths(paths: Iterable[str], removed: Iterable[str], ground: Ground, after: Project) -> None:
    """IntegrityError for every path that no run may write: one error, all paths.

    `after` is the project with the new lock. A path that dvc.yaml writes with a template is believed only where git
    has no such file, or has it as an output already.
    """
    gone = frozenset(removed)
    there = ground.files | ground.special
    rules = _Rules(
        ground=ground,
        after=after,
        known=frozenset(_uncached(ground.project)),
        folders=frozenset(folder for path in there for folder in folders_above(path)),
    )
    problems = [
        Problem(message=message, location=Location(file=path.encode("unicode_escape").decode()))
        for path in sorted({*paths, *gone})
        if (message := rules.refusal(path, is_removed=path in gone))
    ]
    if problems:
        raise as_integrity(problems)


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """What decides about a path; `known` are the outputs that git keeps by the head's own files."""

    ground: Ground
    after: Project
    known: frozenset[str]
    folders: frozenset[str]

    def refusal(self, path: str, *, is_removed: bool) -> str:
        """Why a path may not be written; an empty text where it may."""
        if not _is_plain(path):
            return "is not a path that git and every system can have"
        if _is_guarded(path):
            return "is not for a run to write"
        if self._is_in_the_way(path):
            return "would replace a link, a submodule, a file or a folder of the head"
        if path in map(lock_of, self.ground.project.definitions):
            return "a lock is never removed" if is_removed else ""
        if is_evaluation_path(path):
            return "an evaluation is never removed" if is_removed else ""
        return "" if self._is_output(path) else "is neither a dvc.lock nor an output that git keeps (cache: false)"

    def _is_in_the_way(self, path: str) -> bool:
        special, files = self.ground.special, self.ground.files
        replaced = any(folder in files or folder in special for folder in folders_above(path))
        return path in special or path in self.folders or replaced

    def _is_output(self, path: str) -> bool:
        places = (path, *folders_above(path))
        for stage in self.after.stages:
            for output in stage.outputs if not stage.is_data else ():
                if not output.cached and output.path in places and _fits(output, path):
                    return not stage.templated or path not in self.ground.files or not self.known.isdisjoint(places)
        return False


def check_evaluations(files: Mapping[str, bytes], after: Project) -> None:
    """IntegrityError where a document in the place of an evaluation is none, or is of another model or environment."""
    models = {model.name for model in after.models}
    problems = [
        Problem(message=message, location=Location(file=path))
        for path, data in sorted(files.items())
        if is_evaluation_path(path) and (message := _why_no_evaluation(path, data, models))
    ]
    if problems:
        raise as_integrity(problems)


def uncached_folders(project: Project) -> tuple[str, ...]:
    """The folders that stages write and git keeps."""
    found = (output for stage in project.stages for output in stage.outputs if not stage.is_data)
    return tuple(sorted({out.path for out in found if not out.cached and out.digest and out.digest.is_directory}))


def kept_outputs(project: Project, data_files: frozenset[str] = frozenset()) -> tuple[KeptOutput, ...]:
    """Every output of a stage that a DVC remote should have, by its lock entry, and what those `.dvc` files track.

    What was imported from another DVC repository is kept there.
    """
    return tuple(
        KeptOutput(
            digest=output.digest,
            root=(root := root_of(output.path, project.roots)),
            path=output.path.removeprefix(f"{root}/") if root else output.path,
            remote=output.remote,
            stored=output.stored,
        )
        for stage in project.stages
        for output in stage.outputs
        if _is_kept(output) and output.digest is not None and _is_made(stage, output, data_files)
    )


def as_integrity(problems: Iterable[Problem]) -> IntegrityError:
    """One error of security with all problems."""
    error = IntegrityError("refused", hint="nothing is written of what was handed over")
    error.problems = InvalidInputError(problems).problems
    return error


def _is_made(stage: Stage, output: Output, data_files: frozenset[str]) -> bool:
    elsewhere = output.origin is not None and output.origin.algorithm == "git"
    return (stage.file in data_files and not elsewhere) if stage.is_data else True


def _why_no_evaluation(path: str, data: bytes, models: Collection[str]) -> str:
    try:
        found = parse_evaluation(data, file=path)
    except InvalidInputError as error:
        return f"is no evaluation: {error.problems[0].message}"
    if evaluation_path(found.environment, found.model) != path:
        return "is the evaluation of another model, or for another environment"
    return "" if found.model in models else "is the evaluation of a model that no dvc.yaml of the head declares"


def _is_kept(output: Output) -> bool:
    here = "://" not in output.path and not output.path.startswith(("/", ".."))
    known = output.digest is not None and output.digest.algorithm == "md5"
    return output.cached and output.pushed and here and known


def _uncached(project: Project) -> Iterator[str]:
    return (output.path for stage in project.stages for output in stage.outputs if not output.cached)


def _fits(output: Output, path: str) -> bool:
    return output.path == path or (output.digest is not None and output.digest.is_directory)


def _is_plain(path: str) -> bool:
    parts = path.split("/")
    return (
        path.isprintable()
        and "\\" not in path
        and len(path.encode("utf-8", "surrogateescape")) <= _PATH_BYTES
        and not any(part in {"", ".", ".."} or part != part.strip() for part in parts)
    )


def _is_guarded(path: str) -> bool:
    """Whether a path decides what runs, what is judged, or where bytes go; also on systems that fold case."""
    *folders, name = path.lower().split("/")
    return not _GUARDED_FOLDERS.isdisjoint(folders) or any(
        fnmatchcase(name, pattern.lower()) for pattern in _GUARDED_NAMES
    )
