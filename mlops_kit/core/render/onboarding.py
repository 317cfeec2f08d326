"""What `init` says: what it found, what became of each file, what is left to do; and its pull request's text."""

from collections.abc import Iterator, Sequence

from mlops_kit.core.onboarding.choices import HOSTED, Choices
from mlops_kit.core.onboarding.files import Fate, PlannedFile
from mlops_kit.core.onboarding.grants import GRANTS, REASONS
from mlops_kit.core.onboarding.left import Step
from mlops_kit.core.onboarding.survey import Survey
from mlops_kit.core.onboarding.workflow_file import needed_secrets, review_secrets
from mlops_kit.core.render.escape import cell, prose
from mlops_kit.core.render.promotion_words import printable, render_markdown_table

_MOST_NAMED = 8
_INVITATION = (
    "This adds [mlops-kit](https://github.com/mlops-kit/mlops-kit) to the repository. **Merge it to activate, close it "
    "to decline.** Change the files on this branch as you like."
)
_FATES = {
    Fate.CREATED: "new",
    Fate.EXTENDED: "lines added",
    Fate.UNCHANGED: "as it should be",
    Fate.KEPT: "yours, left alone",
}


def render_found(survey: Survey) -> str:
    """A few lines: pipeline, models, metrics, remote."""
    remote = survey.remote
    kept = f"{remote.name} ({remote.scheme or 'a folder'})" if remote else "none"
    rows = [
        ("stages", _names(survey.stages)),
        ("models", _names(survey.models) if survey.models else "none: add artifacts with type: model to dvc.yaml"),
        ("metrics", _names(sorted({metric.key for metric in survey.metrics}))),
        ("DVC remote", printable(kept)),
    ]
    where = f" in {printable(survey.root)}" if survey.root else ""
    return "\n".join([f"found{where}:", *(f"  {name:<12}{text}" for name, text in rows)])


def render_files(planned: Sequence[PlannedFile], *, written: bool) -> str:
    """A line for each file, and the difference where an existing one says something else."""
    return "\n".join(_file_lines(planned, written=written))


def render_diffs(planned: Sequence[PlannedFile]) -> str:
    """What would be written, as one patch."""
    return "".join(file.diff for file in planned if file.is_written)


def render_left(steps: Sequence[Step]) -> str:
    """The numbered list of what is left."""
    return "\n".join(
        ["what is left to do:", *(line for number, step in enumerate(steps, 1) for line in _step(number, step))]
    )


def onboarding_title() -> str:
    """The pull request's title, and the first line of its commit."""
    return "Add mlops-kit"


def onboarding_body(survey: Survey, choices: Choices, planned: Sequence[PlannedFile], steps: Sequence[Step]) -> str:
    """What was found, what merging does, what it may do and needs, and how to decline."""
    written = ", ".join(cell(file.path) for file in planned if file.is_written)
    return "\n".join(
        [
            _INVITATION,
            "",
            *_found_section(survey),
            *_effect_section(choices),
            *_rights_section(choices),
            "### What is left to do",
            "",
            *(f"{number}. {prose(step.text)}{_commands(step)}" for number, step in enumerate(steps, 1)),
            "",
            f"<sub>{written}; written by <code>mlops-kit init --pr</code></sub>",
            "",
        ]
    )


def _file_lines(planned: Sequence[PlannedFile], *, written: bool) -> Iterator[str]:
    yield "written:" if written and any(file.is_written for file in planned) else "files:"
    for file in planned:
        yield f"  {printable(file.path):<32}{_FATES[file.fate]}"
    for file in planned:
        if file.fate is Fate.KEPT:
            yield f"\n{printable(file.path)} is there already and stays as it is. The kit would write:\n"
            yield file.diff.rstrip("\n")


def _step(number: int, step: Step) -> Iterator[str]:
    yield f"  {number}. {printable(step.text)}"
    for command in step.commands:
        yield f"       {printable(command)}"


def _found_section(survey: Survey) -> Iterator[str]:
    yield "### What was found"
    yield ""
    rows = [
        ("stages", _marked(survey.stages)),
        ("models", _marked(survey.models)),
        ("DVC remote", _marked([remote.name for remote in survey.remotes])),
    ]
    yield from (f"- {name}: {text}" for name, text in rows)
    yield ""
    known = survey.metrics[:30]
    if known:
        table = [(metric.path, metric.key, str(metric.goal or "no guess")) for metric in known]
        yield from render_markdown_table(("file", "metric", "goal, guessed from the name"), table)
        yield ""


def _effect_section(choices: Choices) -> Iterator[str]:
    runner = "GitHub's machines" if choices.runner == HOSTED else f"runners with the labels {cell(choices.runner)}"
    yield "### What it does"
    yield ""
    yield (
        f"- **On a pull request** it reproduces the pipeline on {runner} and posts one comment: metrics, params, "
        "gates, and what a merge would promote. The job that runs the pull request's code may only read; the lock that "
        "it makes comes back as a commit on the same branch, by a job that runs none of that code."
    )
    yield "- **On a merge** it promotes what was reviewed, byte for byte, and retrains nothing:"
    yield from (f"    - {cell(one.branch)} → {cell(one.environment)}" for one in choices.followed)
    yield "- **Every hour** it compares every environment with its branch and says what differs."
    yield ""


def _rights_section(choices: Choices) -> Iterator[str]:
    yield "### What it may do, and what it needs"
    yield ""
    rows = [
        (job, ", ".join(f"{name}: {level}" for name, level in grants.items()), REASONS[job])
        for job, grants in GRANTS.items()
    ]
    yield from render_markdown_table(("job", "permissions", "for"), rows)
    yield ""
    needed = needed_secrets(choices)
    yield f"Secrets of promotion, which no job that runs a pull request's code gets: {_marked(needed)}."
    if readers := [secret for secret in review_secrets(choices) if secret not in needed]:
        yield ""
        yield f"Keys that only read, for runners without rights of their own, in reach of stages: {_marked(readers)}."
    yield ""


def _commands(step: Step) -> str:
    return "".join(f"<br>{cell(command)}" for command in step.commands)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{shown}{more}" or "none"


def _marked(names: Sequence[str]) -> str:
    shown = ", ".join(cell(name) for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{shown}{more}" or "none"
