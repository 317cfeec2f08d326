"""How a file of a model is scored by itself: what runs, what it reads, what it writes. Values only.

A stage that measures a model may read it through others, such as one that predicts: those between them run too.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mlops_kit.core.config.evaluation import EvaluationPolicy, fill_in, plain_words
from mlops_kit.core.config.names import suggest
from mlops_kit.core.errors import InputError, Location, NeverMadeError
from mlops_kit.core.pipeline.graph import index_producers, link_stages, reach, reverse_links
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import Dependency, Output, OutputKind, Stage, is_inside
from mlops_kit.core.pipeline.wants import parse_wants
from mlops_kit.core.run import Wants
from mlops_kit.core.types import Digest, Model, ModelName, StageName


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of a trial, and the folder that it runs in, from the repository's top."""

    name: StageName
    lines: tuple[str, ...]
    folder: str = ""
    wants: Wants = field(default_factory=Wants)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How the model is scored. `inputs` are what it is scored on and by; `kept` those that DVC keeps, to be fetched.

    `model` is the candidate. `metrics` and `rows` (empty: none) are written from the repository's top.
    """

    model: Model
    steps: tuple[Step, ...]
    inputs: tuple[Dependency, ...]
    kept: tuple[Model, ...]
    metrics: tuple[str, ...]
    rows: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line that runs."""
        return tuple(line for step in self.steps for line in step.lines)

    @property
    def place(self) -> str:
        """Where the model's bytes lie: the output that its digest is of."""
        return self.model.output or self.model.path


def files_of_interest(policy: EvaluationPolicy) -> tuple[str, ...]:
    """The paths that a command itself names: those that are files of git count as what it is scored by."""
    return (*plain_words(policy.command or ""), *filter(None, [policy.data]))


def plan_trial(
    project: Project, name: ModelName, policy: EvaluationPolicy, *, files: Mapping[str, Digest] | None = None
) -> Trial:
    """The trial of a model; `files` are the digests of what git keeps of `files_of_interest`.

    InputError where the pipeline has no such model or stage, or where something has never been made.
    """
    model = next((found for found in project.models if found.name == name), None)
    if model is None:
        hint = suggest(name, [found.name for found in project.models] or ["none"])
        raise InputError(f"no dvc.yaml declares a model {name!r}", field=f"evaluate.{name}", hint=hint)
    if model.digest is None:
        raise _never_made(model.path, name)
    if policy.command is not None:
        return _plan_command(project, model, policy, files or {})
    return _plan_stage(project, model, policy.stage or "", policy.rows or "")


def touches_any(path: str, others: Iterable[str]) -> bool:
    """Whether a path is one of others, lies inside of one, or contains one."""
    return any(_touch(path, other) for other in others)


def _plan_stage(project: Project, model: Model, wanted: str, rows: str) -> Trial:
    known = {stage.name: stage for stage in project.stages if not stage.is_data}
    stage = known.get(StageName(wanted))
    if stage is None:
        hint = suggest(wanted, known or ["none"])
        raise InputError(f"there is no stage {wanted!r}", field=f"evaluate.{model.name}.stage", hint=hint)
    chain = _chain(project, model, stage)
    metrics = tuple(out.path for out in stage.outputs if out.kind is OutputKind.METRIC)
    if not metrics:
        raise InputError(f"stage {wanted!r} writes no metrics", field=f"evaluate.{model.name}.stage")
    made = [out.path for link in chain for out in link.outputs]
    inputs = {dep.path: dep for link in chain for dep in link.dependencies if not touches_any(dep.path, made)}
    apart = [dep for dep in inputs.values() if not _touch(dep.path, model.output or model.path)]
    return Trial(
        model=model,
        steps=tuple(_step(link, model.name) for link in chain),
        inputs=tuple(sorted(apart)),
        kept=tuple(_kept(project, model, inputs, made)),
        metrics=metrics,
        rows=rows,
    )


def _plan_command(project: Project, model: Model, policy: EvaluationPolicy, files: Mapping[str, Digest]) -> Trial:
    data = policy.data
    kept = tuple(_kept(project, model, [data], ())) if data else ()
    if data and not kept and data not in files:
        raise InputError(f"neither DVC nor git keeps {data!r}", field=f"evaluate.{model.name}.data")
    read = {path: digest for path, digest in files.items() if path != data or not kept}
    read |= {found.path: found.digest for found in kept if found.digest}
    places = {
        "model": f"./{model.path}",
        "data": f"./{data}",
        "metrics": f"./{policy.metrics_file}",
        "rows": f"./{policy.rows}",
    }
    line = shlex.join(fill_in(policy.command or "", places))
    limit = policy.timeout.total_seconds() if policy.timeout else None
    return Trial(
        model=model,
        steps=(Step(name=StageName(f"evaluate {model.name}"), lines=(line,), wants=Wants(timeout_seconds=limit)),),
        inputs=tuple(sorted(Dependency(path=path, digest=digest) for path, digest in read.items())),
        kept=kept,
        metrics=(policy.metrics_file,),
        rows=policy.rows or "",
    )


def _chain(project: Project, model: Model, stage: Stage) -> tuple[Stage, ...]:
    """The stage and those that lead from the model to it, in the order in which they run."""
    links = link_stages(project.stages)
    place = model.output or model.path
    readers = [one.name for one in project.stages if any(_touch(dep.path, place) for dep in one.dependencies)]
    after = reach(readers, reverse_links(links))
    if stage.name not in after:
        raise InputError(
            f"stage {stage.name!r} does not depend on {model.path!r}, the model {model.name}",
            field=f"evaluate.{model.name}.stage",
            hint="name the stage that measures it",
        )
    known = {one.name: one for one in project.stages}
    between = after & reach([stage.name], links)
    return tuple(known[name] for name in sorted(between, key=lambda name: (len(reach([name], links)), name)))


def _step(stage: Stage, model: ModelName) -> Step:
    if stage.locked_command is None:
        raise NeverMadeError(
            f"stage {stage.name!r} has never been run", field=f"evaluate.{model}.stage", hint="mlops-kit reproduce"
        )
    wants = parse_wants(stage.meta, place=Location(file=stage.file), stage=stage.name)
    return Step(name=stage.name, lines=stage.locked_command, folder=stage.folder, wants=wants)


def _kept(project: Project, model: Model, paths: Iterable[str], made: Iterable[str]) -> Iterator[Model]:
    """What DVC keeps of the paths, the model itself and what the trial makes left out; each as something to fetch."""
    producers, own = index_producers(project.stages), set(made) | {model.output or model.path}
    found = {one.output.path: one for path in paths for one in producers.find(path)}
    for path, one in sorted(found.items()):
        if path not in own and one.output.cached:
            yield _as_model(one.output, one.stage.file, model.name)


def _as_model(output: Output, file: str, model: ModelName) -> Model:
    if output.digest is None:
        raise _never_made(output.path, model)
    return Model(
        name=ModelName(output.path),
        path=output.path,
        file=file,
        digest=output.digest,
        output=output.path,
        remote=output.remote,
        stored=output.stored,
    )


def _never_made(path: str, model: ModelName) -> NeverMadeError:
    return NeverMadeError(f"{path} has never been made", field=f"evaluate.{model}", hint="mlops-kit reproduce")


def _touch(one: str, other: str) -> bool:
    """Whether one path is the other, or lies inside of it."""
    return is_inside(one, other) or is_inside(other, one)
