"""The promotion log as text."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.errors import InputError, IntegrityError
from mlops_kit.core.promotion.log import parse_record, record_message, record_tag
from mlops_kit.core.promotion.names import read_tag_spelling, spell_for_registry, spell_for_tag
from mlops_kit.core.types import (
    Answer,
    CommitSha,
    Digest,
    EnvironmentName,
    GateAnswer,
    ModelName,
    PromotionKind,
    PromotionRecord,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(ModelName)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HEX = "0123456789abcdef"


@st.composite
def records(draw: st.DrawFn) -> PromotionRecord:
    environment = EnvironmentName(draw(st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)))
    gates = st.builds(
        GateAnswer,
        environment=st.just(environment),
        metric=TEXTS,
        rule=TEXTS,
        answer=st.sampled_from(Answer),
        message=TEXTS,
    )
    digest = st.builds(Digest, algorithm=st.sampled_from(["md5", "md5-dos2unix"]), value=st.text(HEX, min_size=32))
    return PromotionRecord(
        model=draw(NAMES),
        environment=environment,
        seq=draw(st.integers(1, 999_999)),
        digest=draw(digest),
        sha256=draw(st.text(HEX, min_size=64, max_size=64)),
        recipe=draw(st.text(HEX, max_size=64)),
        previous=draw(st.none() | digest),
        kind=draw(st.sampled_from(PromotionKind)),
        commit=CommitSha(draw(st.text(HEX, min_size=40, max_size=40))),
        pull_request=draw(st.none() | st.integers(1, 10**6)),
        actor=draw(TEXTS),
        gates=tuple(draw(st.lists(gates, max_size=3))),
        recorded_at=NOW,
    )


@settings(deadline=None)
@given(records())
def test_a_record_survives_its_tag_and_message(record: PromotionRecord) -> None:
    assert parse_record(record_tag(record), record_message(record), NOW) == record


@settings(deadline=None)
@given(records())
def test_a_message_is_one_line_of_ascii(record: PromotionRecord) -> None:
    message = record_message(record)
    assert message.isascii()
    assert message.isprintable()


@settings(deadline=None)
@given(NAMES, NAMES)
def test_two_models_never_share_a_spelling(one: ModelName, other: ModelName) -> None:
    assert read_tag_spelling(spell_for_tag(one)) == one
    for spell in (spell_for_tag, spell_for_registry):
        assert (spell(one) == spell(other)) == (one == other)


@settings(deadline=None)
@given(NAMES)
def test_a_tags_component_has_nothing_that_git_or_a_shell_minds(name: ModelName) -> None:
    assert set(spell_for_tag(name)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=")


@pytest.mark.parametrize(
    ("name", "tag", "registered"),
    [
        ("churn", "churn", "churn"),
        ("team/churn:v2", "team=2Fchurn=3Av2", "team=2Fchurn=3Av2"),
        ("price v1.0", "price=20v1=2E0", "price v1.0"),
        ("a=2Fb", "a=3D2Fb", "a=3D2Fb"),
        ("../x", "=2E=2E=2Fx", "=2E.=2Fx"),
        (".", "=2E", "=2E"),
        (" ", "=20", "=20"),
        (".x", "=2Ex", ".x"),
    ],
)
def test_names_are_spelled_as_documented(name: str, tag: str, registered: str) -> None:
    assert (spell_for_tag(ModelName(name)), spell_for_registry(ModelName(name))) == (tag, registered)


@pytest.mark.parametrize("name", ["", "x" * 201, "/" * 70])
def test_a_name_that_does_not_fit_a_tag_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="does not fit a tag"):
        spell_for_tag(ModelName(name))


GOOD = {
    "version": 1, "model": "churn", "environment": "dev", "seq": 1, "digest": "md5:1", "sha256": "a" * 64,
    "recipe": "", "previous": None, "kind": "promote", "commit": "c" * 40, "pull_request": None, "actor": "",
    "gates": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"unheard": 1},
        {"version": 2},
        {"seq": 0},
        {"seq": "1"},
        {"seq": 2},
        {"model": "other"},
        {"digest": "nothing"},
        {"sha256": "A" * 64},
        {"commit": "main"},
        {"kind": "moved"},
        {"pull_request": True},
        {"gates": [{"metric": "m"}]},
    ],
    ids=str,
)
def test_a_message_that_is_off_in_one_field_is_refused_with_the_tags_name(change: dict[str, object]) -> None:
    tag = "mlops/churn/dev/000001"
    parse_record(tag, json.dumps(GOOD), NOW)
    with pytest.raises(IntegrityError, match=tag):
        parse_record(tag, json.dumps({**GOOD, **change}), NOW)
