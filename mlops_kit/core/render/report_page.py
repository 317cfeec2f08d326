"""The report as a page: the content of the comment in the same order, and nothing of it cut."""

from collections.abc import Iterable, Iterator, Mapping

from mlops_kit.core.render.page import Figure, Page, Part, Picture, Shown, Table, Tone
from mlops_kit.core.render.page_tables import data_part, gates_part, metrics_part, models_part, params_part, stages_part
from mlops_kit.core.render.stage_graph import draw_graph
from mlops_kit.core.render.stage_nodes import stage_node
from mlops_kit.core.render.values import count, show_digest, show_value
from mlops_kit.core.review.comparability import ObstacleRow
from mlops_kit.core.review.plots import PlotKind, PlotRow, Series
from mlops_kit.core.review.report import PlanRows, Report, Section, Side

Pictures = Mapping[str, tuple[Picture, ...]]
"""The pictures of plots, by the plot's path; a plot without one shows its values."""


def report_page(report: Report, title: str, pictures: Pictures) -> Page:
    """The page of a report; `title` is the verdict as a sentence."""
    return Page(
        title=title,
        verdict=report.verdict.value,
        sides=" → ".join(_side(side) for side in (report.base, report.head)),
        banners=tuple(_banners(report)),
        parts=(
            *gates_part(report.gates),
            *_obstacles(report.obstacles),
            *metrics_part(report),
            *_plots(report.plots, pictures),
            *_plan(report.plan, report.environment),
            *params_part(report.params),
            *data_part(report.data),
            *models_part(report.models),
            *stages_part(report.stages),
            *_graph(report),
            *_notes(report.notes),
            *_sections(report.sections),
        ),
    )


def _side(side: Side) -> str:
    return f"{side.name} ({side.commit[:8]})" if side.commit else side.name


def _banners(report: Report) -> Iterator[str]:
    if report.policy_changed:
        yield "This change edits the rules it is judged by. The rules of base hold until it is merged."
    if report.lock_uncommitted:
        yield "dvc.lock in the work tree is not committed: what is shown is not what would be merged."


def _obstacles(obstacles: Iterable[ObstacleRow]) -> Iterator[Part]:
    rows = tuple(
        (
            Shown(text=row.path, code=True, about=row.stage),
            Shown(text=f"{row.kind.value} changed", tone=Tone.ODD, about="live" if row.against == "live" else ""),
            Shown(text=row.name, code=True),
            Shown(text=show_digest(row.old, missing="none"), code=True),
            Shown(text=show_digest(row.new, missing="none"), code=True),
        )
        for row in obstacles
    )
    if rows:
        yield Part(title="Not comparable", table=Table(columns=("metrics", "why", "what", "old", "new"), rows=rows))


def _plots(plots: Iterable[PlotRow], pictures: Pictures) -> Iterator[Part]:
    known = tuple(plots)
    changed = tuple(_figure(plot, pictures) for plot in known if plot.change)
    same = tuple(_figure(plot, pictures) for plot in known if not plot.change)
    if changed:
        yield Part(title="Plots", figures=changed)
    if same:
        yield Part(title=f"{count(same, 'plot')} did not change", folded=True, figures=same)


def _figure(plot: PlotRow, pictures: Pictures) -> Figure:
    about = "; ".join(part for part in (plot.change, plot.note) if part)
    return Figure(
        title=plot.title or plot.path,
        about=about,
        images=pictures.get(plot.path, ()),
        table=_series_table(plot),
    )


def _series_table(plot: PlotRow) -> Table | None:
    """First, last, least and greatest value of each line; the pairs themselves where they are classes."""
    if plot.kind is PlotKind.IMAGE or not plot.series:
        return None
    rows = tuple(
        (Shown(text=series.side), Shown(text=series.name), *(Shown(text=text) for text in _extent(series)))
        for series in plot.series
    )
    columns = ("side", "series", "points", "first", "last", "least", "greatest")
    return Table(columns=columns, rows=rows, numbers=(2, 3, 4, 5, 6))


def _extent(series: Series) -> tuple[str, ...]:
    values = [y for _, y in series.points if isinstance(y, int | float) and not isinstance(y, bool)]
    shown = (values[0], values[-1], min(values), max(values)) if values else (None,) * 4
    return str(len(series.points)), *(show_value(value) for value in shown)


def _plan(plan: PlanRows | None, environment: str) -> Iterator[Part]:
    if plan is None:
        return
    lines = (
        *(Shown(text=f"{row.model} is blocked: {row.reason}", tone=Tone.BAD) for row in plan.blocked),
        *(Shown(text=f"{row.model} could not be judged: {row.reason}", tone=Tone.ODD) for row in plan.unknown),
        *(
            Shown(
                text=f"{row.verb.value} {row.model}: "
                f"{show_digest(row.source, missing='nothing')} → {show_digest(row.target)}"
            )
            for row in plan.changes
        ),
    )
    yield Part(title=f"A merge into {environment} would", lines=lines or (Shown(text="change nothing"),))


def _graph(report: Report) -> Iterator[Part]:
    drawing = draw_graph([stage_node(stage) for stage in report.stages])
    if drawing.boxes:
        left_out = f" ({count(range(drawing.left_out), 'stage')} left out)" if drawing.left_out else ""
        yield Part(title=f"Stage graph{left_out}", folded=True, drawing=drawing)


def _notes(notes: Iterable[str]) -> Iterator[Part]:
    lines = tuple(Shown(text=note) for note in notes)
    if lines:
        yield Part(title="Notes", lines=lines)


def _sections(sections: Iterable[Section]) -> Iterator[Part]:
    for section in sections:
        yield Part(title=section.title, folded=True, prose=section.text)
