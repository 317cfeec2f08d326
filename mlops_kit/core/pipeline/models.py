"""The models that a project declares: artifacts of `type: model`, with the digests that the lock gives them."""

from collections import Counter
from collections.abc import Iterable, Iterator

from mlops_kit.core.pipeline.definition import Definition, fits_template, is_template
from mlops_kit.core.pipeline.graph import Producers, index_producers
from mlops_kit.core.pipeline.lineage import compute_recipe
from mlops_kit.core.pipeline.stages import PIPELINE_FILE, Stage, join_path
from mlops_kit.core.types import Model, ModelName

MODEL_TYPE = "model"


def collect_models(definitions: Iterable[Definition], stages: tuple[Stage, ...]) -> Iterator[Model]:
    """The models of all dvc.yaml files, by file and name.

    A name that several files use is prefixed with its folder outside of the top, slashes as dashes.
    """
    producers = index_producers(stages)
    declared = sorted(
        (definition.file, artifact.name, artifact.path)
        for definition in definitions
        for artifact in definition.artifacts
        if artifact.type == MODEL_TYPE
    )
    uses = Counter(name for _, name, _ in declared)
    for file, name, written in declared:
        folder = file.rpartition("/")[0]
        shown = name if uses[name] == 1 or file == PIPELINE_FILE else f"{folder}-{name}"
        path = _fill_in(join_path(folder, written), producers)
        yield _model(ModelName(shown.replace("/", "-")), path=path, file=file, producers=producers, stages=stages)


def _fill_in(path: str, producers: Producers) -> str:
    """The one output that a templated path can become; the path as written where there is none or several."""
    if not is_template(path):
        return path
    found = [known for known in producers.exact if fits_template(path, known)]
    return found[0] if len(found) == 1 else path


def _model(name: ModelName, *, path: str, file: str, producers: Producers, stages: tuple[Stage, ...]) -> Model:
    makers = producers.around(path)
    if not makers:
        return Model(name=name, path=path, file=file)
    maker = makers[0]
    return Model(
        name=name,
        path=path,
        file=file,
        digest=maker.output.digest,
        recipe="" if maker.stage.is_data else compute_recipe(maker.stage, stages),
        cached=maker.output.cached,
        output=maker.output.path,
        remote=maker.output.remote,
        stored=maker.output.stored,
    )
