"""What keeps a run from starting: everything wrong with the dvc.yaml files that DVC would notice late, or never.

Works on the files' bytes alone; templates are judged again when DVC has filled them in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.documents import Document, Key, parse_yaml
from mlops_kit.core.errors import FoundProblemsError, InvalidInputError, KitError, Location, Problem
from mlops_kit.core.pipeline.definition import is_template
from mlops_kit.core.pipeline.escapes import check_paths, check_repetitions, written_stages
from mlops_kit.core.pipeline.expansion import check_count, count_stages, variable_files
from mlops_kit.core.pipeline.project import root_of
from mlops_kit.core.pipeline.stages import PIPELINE_FILE
from mlops_kit.core.pipeline.wants import META_KEY, parse_wants


@dataclass(frozen=True, kw_only=True)
class Pipelines:
    """The dvc.yaml files of one tree, parsed; `errors` tells of those that are not YAML, too deep or too large."""

    documents: tuple[Document, ...] = ()
    errors: tuple[KitError, ...] = ()

    @property
    def variable_files(self) -> tuple[str, ...]:
        """The files whose values say how many stages the pipelines stand for."""
        found = (path for document in self.documents for path in variable_files(document))
        return tuple(dict.fromkeys(path for path in found if not path.startswith("..")))


def parse_pipelines(files: Mapping[str, bytes]) -> Pipelines:
    """The dvc.yaml files among `files`, in their order."""
    documents, errors = [], []
    for path in sorted(files):
        if path.rpartition("/")[2] == PIPELINE_FILE:
            try:
                documents.append(parse_yaml(files[path], file=path))
            except KitError as error:
                errors.append(error)
    return Pipelines(documents=tuple(documents), errors=tuple(errors))


def pipeline_faults(
    pipelines: Pipelines, variables: Mapping[str, bytes], *, roots: tuple[str, ...], most_stages: int
) -> tuple[KitError, ...]:
    """Every fault of the pipelines that can be read, in their order; `variables` are those of `variable_files`."""
    return tuple(
        fault
        for document in pipelines.documents
        for fault in _faults(document, variables, root_of(document.file, roots), most_stages)
    )


def raise_faults(faults: tuple[KitError, ...]) -> None:
    """All faults as one error; nothing where there are none."""
    if faults:
        raise FoundProblemsError(faults)


def _faults(document: Document, files: Mapping[str, bytes], root: str, most_stages: int) -> Iterator[KitError]:
    yield from check_paths(document, root=root)
    if problems := (*check_repetitions(document), *_wants_problems(document)):
        yield InvalidInputError(problems)
    if error := check_count(document, count_stages(document, files), most=most_stages):
        yield error


def _wants_problems(document: Document) -> Iterator[Problem]:
    """What is wrong with the stages' `meta: {mlops: …}`, each at its own line."""
    for name, body_path, body in written_stages(document):
        path = (*body_path, "meta", META_KEY)
        meta = body.get("meta")
        if _has_template(meta):
            continue
        try:
            parse_wants(meta, place=document.locate_key(path), stage=name)
        except InvalidInputError as error:
            yield from (_relocated(problem, document, path, name) for problem in error.problems)


def _relocated(problem: Problem, document: Document, path: tuple[Key, ...], stage: str) -> Problem:
    start = f"stages.{stage}.meta.{META_KEY}"
    key = problem.field.removeprefix(start).removeprefix(".")
    place: Location = document.locate_key((*path, key) if key else path)
    return Problem(message=problem.message, location=place, field=problem.field, hint=problem.hint)


def _has_template(value: object) -> bool:
    match value:
        case dict():
            return any(_has_template(part) for part in value.values())
        case list():
            return any(_has_template(part) for part in value)
        case _:
            return is_template(value)
