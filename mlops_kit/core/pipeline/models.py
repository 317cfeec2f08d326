"""The models that a project declares: artifacts of `type: model`, with the digests that the lock gives them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.pipeline.definition import Definition, fits_template, is_template
from mlops_kit.core.pipeline.graph import Producers, index_producers
from mlops_kit.core.pipeline.lineage import Lineage
from mlops_kit.core.pipeline.stages import PIPELINE_FILE, Stage, join_path
from mlops_kit.core.types import Model, ModelName

MODEL_TYPE = "model"


def collect_models(definitions: Iterable[Definition], stages: tuple[Stage, ...]) -> Iterator[Model]:
    """The models of all dvc.yaml files, by file and name.

    A name that several files use is prefixed with its folder outside of the top, slashes as dashes. InputError where
    two models come to share one.
    """
    producers, lineage = index_producers(stages), Lineage(stages)
    declared = sorted(
        (definition.file, artifact.name, artifact.path)
        for definition in definitions
        for artifact in definition.artifacts
        if artifact.type == MODEL_TYPE
    )
    uses = Counter(name for _, name, _ in declared)
    first: dict[ModelName, str] = {}
    for file, name, written in declared:
        folder = file.rpartition("/")[0]
        shown = name if uses[name] == 1 or file == PIPELINE_FILE else f"{folder}-{name}"
        model = ModelName(shown.replace("/", "-"))
        if model in first:
            raise _shared(model, name, file, first[model])
        first[model] = file
        path = _fill_in(join_path(folder, written), producers)
        yield replace(_model(model, path=path, file=file, producers=producers, lineage=lineage), artifact=name)


def _shared(model: ModelName, name: str, file: str, other: str) -> InputError:
    return InputError(
        f"two models are called {model!r}, this one and one in {other}" if file != other
        else f"two models of this file are called {model!r}",
        location=Location(file=file),
        field=f"artifacts.{name}",
        hint="rename one of them: slashes count as dashes, and a name that several files use begins with its folder",
    )  # fmt: skip


def _fill_in(path: str, producers: Producers) -> str:
    """The one output that a templated path can become; the path as written where there is none or several."""
    if not is_template(path):
        return path
    found = [known for known in producers.exact if fits_template(path, known)]
    return found[0] if len(found) == 1 else path


def _model(name: ModelName, *, path: str, file: str, producers: Producers, lineage: Lineage) -> Model:
    makers = producers.around(path)
    if not makers:
        return Model(name=name, path=path, file=file)
    maker = makers[0]
    return Model(
        name=name,
        path=path,
        file=file,
        digest=maker.output.digest,
        recipe="" if maker.stage.is_data else lineage.compute_recipe(maker.stage),
        cached=maker.output.cached,
        output=maker.output.path,
        remote=maker.output.remote,
        stored=maker.output.stored,
    )
