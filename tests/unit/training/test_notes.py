"""Notes about training in the log: their message comes back as it was, and says nothing where there is nothing."""

import json
from dataclasses import replace

import pytest

from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.promotion.notes import note_message, note_tag, parse_note
from mlops_kit.core.types import NoteKind
from tests.unit.training.case import NOW, noted

WHOLE = noted(1, NoteKind.REJECTED, of="d" * 64, key="0123456789ab", gpu=7)


def test_a_note_about_training_comes_back_as_it_was() -> None:
    assert parse_note(note_tag(WHOLE), note_message(WHOLE), NOW) == WHOLE


def test_a_hold_says_nothing_of_training() -> None:
    hold = replace(WHOLE, kind=NoteKind.HOLD, training=None)

    assert "training" not in json.loads(note_message(hold))
    assert parse_note(note_tag(hold), note_message(hold), NOW) == hold


@pytest.mark.parametrize(
    "training",
    [{"data": "d"}, {"data": "d" * 64, "key": "../../../../"}, {"data": "d" * 64, "gpu_seconds": -1}, {"more": 1}],
)
def test_a_note_that_says_what_nobody_wrote_is_malformed(training: dict[str, object]) -> None:
    message = json.dumps({**json.loads(note_message(WHOLE)), "training": training})

    with pytest.raises(IntegrityError, match="malformed: training"):
        parse_note(note_tag(WHOLE), message, NOW)
