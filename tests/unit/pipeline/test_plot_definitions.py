"""The plots that dvc.yaml files declare: names, files and options, as DVC has them."""

import pytest

from mlops_kit.core.pipeline.plot_options import Column, PlotOptions, parse_options
from mlops_kit.core.pipeline.plots import PlotDefinition, expand_plots
from mlops_kit.core.pipeline.project import Project, parse_project


def project(**files: str) -> Project:
    """Files by name; two underscores stand for a slash, one for a dot."""
    return parse_project({name.replace("__", "/").replace("_", "."): text.encode() for name, text in files.items()})


def shown(found: Project, **folders: tuple[str, ...]) -> list[str]:
    return sorted(expand_plots(found.plots, folders))


def test_an_entry_is_a_path_or_a_name_with_files() -> None:
    found = project(sub__dvc_yaml="plots: [./a.csv, {b.csv: }, {both: {x: step, y: {a.csv: [p, q], ../c.csv: r}}}]")
    own = PlotOptions()
    both = PlotOptions(
        x=(Column(field="step"),),
        y=(Column(field="p", file="sub/a.csv"), Column(field="q", file="sub/a.csv"), Column(field="r", file="c.csv")),
    )
    assert found.plots == (
        PlotDefinition(name="both", file="sub/dvc.yaml", options=both),
        PlotDefinition(name="sub/a.csv", file="sub/dvc.yaml", path="sub/a.csv", options=own),
        PlotDefinition(name="sub/b.csv", file="sub/dvc.yaml", path="sub/b.csv", options=own),
    )


def test_outs_of_stages_carry_their_options() -> None:
    found = project(
        dvc_yaml="stages: {t: {cmd: x, wdir: w, plots: [a.csv: {x: i, y: v, template: scatter, header: false}, b.png]}}"
    )
    scatter = PlotOptions(x=(Column(field="i"),), y=(Column(field="v"),), template="scatter", header=False)
    assert [(plot.path, plot.options) for plot in found.plots] == [("w/a.csv", scatter), ("w/b.png", PlotOptions())]


def test_a_folder_is_a_plot_per_file_but_for_those_named_more_exactly() -> None:
    found = project(dvc_yaml="plots: [logs: {x: step}, logs/deep: {y: a}, logs/deep/one.csv: {y: b}]")
    folders = {
        "logs": ("logs/a.csv", "logs/deep/one.csv", "logs/deep/two.csv"),
        "logs/deep": ("logs/deep/one.csv", "logs/deep/two.csv"),
    }
    plots = expand_plots(found.plots, folders)
    assert {name: [column.field for column in plot.options.y] for name, plot in plots.items()} == {
        "logs/a.csv": [],
        "logs/deep/one.csv": ["b"],
        "logs/deep/two.csv": ["a"],
    }


def test_what_several_files_list_has_their_names_before_it() -> None:
    found = project(
        dvc_yaml="plots: [sub/a.csv, both: {y: {a: b}}]",
        sub__dvc_yaml="plots: [a.csv]\nstages: {t: {cmd: x, plots: [a.csv, only.csv]}}",
    )
    assert shown(found) == ["both", "dvc.yaml::sub/a.csv", "sub/a.csv", "sub/dvc.yaml::sub/a.csv", "sub/only.csv"]


def test_paths_that_templates_make_are_left_to_the_lock() -> None:
    found = project(
        dvc_yaml="plots: ['${p}.csv', {n: {y: {'${p}.csv': a}}}]\n"
        "stages: {t: {foreach: [a], do: {cmd: x, plots: ['${item}.csv': {y: v, title: '${item}'}]}}}",
        dvc_lock="schema: '2.0'\nstages: {t@a: {cmd: x, outs: [{path: a.csv, md5: " + "a" * 32 + "}]}}",
    )
    (plot,) = expand_plots(found.plots, {}).values()
    assert (plot.path, plot.options) == ("a.csv", PlotOptions(y=(Column(field="v"),), templated=("title",)))
    assert [plot.name for plot in found.plots if plot.unresolved] == ["${p}.csv", "n"]


@pytest.mark.parametrize(
    "written", [None, 3, "x", [], {"x": 3, "y": {"a": {"b": "c"}}, "template": ["a"], "title": None, "header": None}]
)
def test_what_is_no_option_is_left_out(written: object) -> None:
    assert parse_options(written) == PlotOptions()
