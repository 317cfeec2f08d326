"""What a step tells GitHub Actions: outputs, the job's summary page, and workflow commands such as warnings.

Values are data: none can end its own block or start another output, and none is read as a command.
"""

import os
import secrets
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from mlops_kit.core.errors import OutsideError

SUMMARY_LIMIT = 900 * 1024
"""Bytes of the largest summary that is written; GitHub drops a step's summary of more than 1 MiB."""


class Output(StrEnum):
    """The step outputs there are; action.yml declares the same."""

    VERDICT = "verdict"
    COMMENT_URL = "comment-url"
    COMMENT_ID = "comment-id"
    OUTCOME = "outcome"
    REPORT = "report"
    LOCK = "lock"
    COMMIT = "commit"
    RETRAIN = "retrain"


class Severity(StrEnum):
    """How loud an annotation is."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


def write_outputs(file: str, outputs: Mapping[Output, str]) -> None:
    """Append step outputs to the runner's file; nothing where there is no such file."""
    _append(file, "".join(_block(name, value) for name, value in outputs.items()))


def write_summary(file: str, markdown: str) -> None:
    """Append to the job's summary page; what is beyond the limit is cut at a line's end, and said."""
    _append(file, cut_summary(markdown))


def cut_summary(markdown: str) -> str:
    """The summary, short enough for GitHub to keep it."""
    if len(markdown.encode()) <= SUMMARY_LIMIT:
        return f"{markdown}\n"
    note = "\n\n(cut here: the whole report is in report.json)\n"
    kept = markdown.encode()[: SUMMARY_LIMIT - len(note.encode())].decode("utf-8", "ignore")
    return kept.rpartition("\n")[0] + note


def annotation(severity: Severity, message: str, *, properties: Mapping[str, str | int] | None = None) -> str:
    """A workflow command that GitHub shows beside the run, or at the line of a file."""
    written = ",".join(f"{name}={escape_property(str(value))}" for name, value in (properties or {}).items())
    return f"::{severity}{' ' if written else ''}{written}::{escape(message)}"


def escape(text: str) -> str:
    """Text as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Text as a property of a workflow command."""
    return escape(text).replace(":", "%3A").replace(",", "%2C")


def _block(name: Output, value: str) -> str:
    """One output between random delimiters that the value does not contain."""
    delimiter = f"ghadelimiter_{secrets.token_hex(16)}"
    while delimiter in value:
        delimiter = f"ghadelimiter_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(file: str, text: str) -> None:
    if not file or not text:
        return
    try:
        with Path(file).open("a", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise OutsideError(f"cannot write for the runner: {error.strerror}") from error
