"""The plots that a commit declares: as outs of stages and in `plots:` of its dvc.yaml files, named as DVC names them.

Says nothing of what their files hold.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mlops_kit.core.pipeline.plot_options import Column, PlotOptions
from mlops_kit.core.pipeline.stages import Stage, is_inside, join_path

_TEMPLATE = "${"


@dataclass(frozen=True, kw_only=True)
class WrittenPlot:
    """An entry of `plots:` at the top of a dvc.yaml: a path, or a name where its options name files."""

    name: str
    options: PlotOptions


@dataclass(frozen=True, kw_only=True)
class PlotDefinition:
    """A plot as it is declared. `path` is its file or folder, empty where `options` names the files.

    `file` is the dvc.yaml that lists it, empty for an out of a stage. Files of the options are from the repository's
    root. `unresolved` says that DVC fills in which files it has.
    """

    name: str
    root: str = ""
    file: str = ""
    path: str = ""
    options: PlotOptions = field(default_factory=PlotOptions)
    unresolved: bool = False


def collect_plots(
    written: Mapping[str, Iterable[WrittenPlot]], stages: Iterable[Stage], roots: tuple[str, ...]
) -> tuple[PlotDefinition, ...]:
    """The plots of the dvc.yaml files and of the stages' outs, sorted."""
    listed = (_listed(file, plot, roots) for file, plots in written.items() for plot in plots)
    outs = (
        PlotDefinition(name=output.path, root=_root(output.path, roots), path=output.path, options=output.plot)
        for stage in stages
        for output in stage.outputs
        if output.plot is not None
    )
    return tuple(sorted((*listed, *outs), key=lambda plot: (plot.root, plot.name, plot.file)))


def expand_plots(
    plots: Iterable[PlotDefinition], folders: Mapping[str, tuple[str, ...]]
) -> Mapping[str, PlotDefinition]:
    """The plots by the name that a report shows, but for unresolved ones; a folder of `folders` is one for each file.

    The name is DVC's, with the dvc.yaml before it where several list the same.
    """
    single = list(_single(tuple(plot for plot in plots if not plot.unresolved), folders))
    counts: dict[tuple[str, str], int] = {}
    for plot in single:
        counts[plot.root, plot.name] = counts.get((plot.root, plot.name), 0) + 1
    return {_shown(plot, shared=counts[plot.root, plot.name] > 1): plot for plot in single}


def _listed(file: str, plot: WrittenPlot, roots: tuple[str, ...]) -> PlotDefinition:
    folder = file.rpartition("/")[0]
    options = replace(plot.options, x=_from_root(folder, plot.options.x), y=_from_root(folder, plot.options.y))
    path = "" if options.files else join_path(folder, plot.name)
    return PlotDefinition(
        name=path or plot.name,
        root=_root(file, roots),
        file=file,
        path=path,
        options=options,
        unresolved=_TEMPLATE in plot.name or "y" in options.templated,
    )


def _from_root(folder: str, columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(replace(one, file=join_path(folder, one.file)) if one.file else one for one in columns)


def _root(path: str, roots: Iterable[str]) -> str:
    return max((root for root in roots if is_inside(path, root)), key=len, default="")


def _single(plots: tuple[PlotDefinition, ...], folders: Mapping[str, tuple[str, ...]]) -> Iterator[PlotDefinition]:
    """Each plot, and for a folder its files: but those that the same dvc.yaml lists in a more exact way."""
    for plot in plots:
        if not plot.path or plot.path not in folders:
            yield plot
            continue
        others = [other.path for other in plots if other.file == plot.file and other.path and _is_below(other, plot)]
        for path in folders[plot.path]:
            if not any(is_inside(path, other) for other in others):
                yield replace(plot, name=path, path=path)


def _is_below(inner: PlotDefinition, outer: PlotDefinition) -> bool:
    return inner.path != outer.path and is_inside(inner.path, outer.path)


def _shown(plot: PlotDefinition, *, shared: bool) -> str:
    if not shared and (plot.path or not plot.root):
        return plot.name
    return f"{plot.file}::{plot.name}" if plot.file else plot.name
