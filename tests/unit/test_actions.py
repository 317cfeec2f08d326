"""What is told to GitHub Actions cannot be bent by the values it carries."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_kit.adapters.actions import (
    SUMMARY_LIMIT,
    Output,
    Severity,
    annotation,
    cut_summary,
    write_outputs,
    write_summary,
)
from mlops_kit.core.errors import OutsideError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


def parse_outputs(text: str) -> dict[str, str]:
    """Read an output file as the runner does."""
    outputs: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, delimiter = line.partition("<<")
        value: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        outputs[name] = "\n".join(value)
    return outputs


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verdict=TEXT, url=TEXT)
def test_outputs_are_read_back_as_written(tmp_path: Path, verdict: str, url: str) -> None:
    file = tmp_path / "output"
    file.unlink(missing_ok=True)

    write_outputs(str(file), {Output.VERDICT: verdict, Output.COMMENT_URL: url})

    assert parse_outputs(file.read_text(encoding="utf-8")) == {"verdict": verdict, "comment-url": url}


def test_a_value_cannot_start_another_output(tmp_path: Path) -> None:
    file = tmp_path / "output"

    write_outputs(str(file), {Output.VERDICT: "fail\nEOF\nverdict=pass\nverdict<<EOF\npass\nEOF"})

    assert list(parse_outputs(file.read_text())) == ["verdict"]


def test_what_is_in_the_file_already_stays(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("before=1\n")

    write_outputs(str(file), {Output.VERDICT: "pass"})

    assert file.read_text().startswith("before=1\nverdict<<")


def test_outside_a_workflow_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    write_outputs("", {Output.VERDICT: "pass"})
    write_summary("", "text")

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_an_outside_error(tmp_path: Path) -> None:
    with pytest.raises(OutsideError):
        write_summary(str(tmp_path / "missing" / "summary"), "text")


@pytest.mark.parametrize("letter", ["a", "ü", "🙂"])
def test_a_long_summary_is_cut_at_a_lines_end_and_says_so(letter: str) -> None:
    line = letter * 99 + "\n"

    cut = cut_summary(line * (2 * SUMMARY_LIMIT // 100))

    body, _, note = cut.partition("\n\n(cut here")
    assert len(cut.encode()) <= SUMMARY_LIMIT
    assert set(body.split("\n")) == {letter * 99}
    assert note == ": the whole report is in report.json)\n"


def test_a_short_summary_is_whole() -> None:
    assert cut_summary("text") == "text\n"


@given(TEXT, TEXT)
def test_an_annotation_is_one_line_that_no_value_ends(message: str, file: str) -> None:
    written = annotation(
        Severity.WARNING, f"{message}\n::error::x\r\n", properties={"file": f"{file},line=1::", "line": 3}
    )

    assert "\n" not in written
    assert "\r" not in written
    assert written.count("::") >= 2
    assert written.startswith("::warning file=")
    properties = written.removeprefix("::warning ").partition("::")[0]
    assert [part.partition("=")[0] for part in properties.split(",")] == ["file", "line"]


def test_an_annotation_without_a_place_has_no_properties() -> None:
    assert annotation(Severity.ERROR, "50% of a,b") == "::error::50%25 of a,b"
