"""Documents: what values mean, where they stand, and what is refused with which words."""

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

import pytest
import yaml
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mlops_kit.core.documents import (
    CONFIG_LIMITS,
    Document,
    Limits,
    conflict_line,
    parse_json,
    parse_toml,
    parse_yaml,
)
from mlops_kit.core.errors import InvalidInputError, KitError, Location

Parse = Callable[..., Document]
PARSERS: tuple[Parse, ...] = (parse_yaml, parse_json, parse_toml)
SCALAR_LINES = """
yes no on off y n Yes NO true True TRUE tRUE false ~ null Null NULL nuLL 1e3 1E3 1.e3 1e+3 1_000 1_0.5 0o14 014 0b101
08 09 12:30:45 12:30.5 .inf -.inf +.INF .NaN .nan +1 -1 0x1F -0x1F 0 +0 -0 1.5 1. .5 -.5 +.5 _ __ 1_ 0x 0o8 + . ..
1__2 0_1 ._1 1._ 1.0e5 1e5_ 5e-1 .5e-1 .5e1 -014 -0o14 +.5e+1 1e400 99999999999999999999 1.10 v1 a=b 1-2 1.2.3 -.e
"""
SCALARS = SCALAR_LINES.split()


def refused(parse: Parse, data: bytes | str) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        parse(data.encode() if isinstance(data, str) else data, file="f")
    return [str(problem) for problem in caught.value.problems]


def read_as_dvc(text: str) -> object:
    return YAML(typ="safe").load(text)


def read_if_dvc_can(text: str) -> object:
    """DVC's reading; what its reader itself stumbles over is no example."""
    try:
        return read_as_dvc(text)
    except (YAMLError, ValueError):
        return reject()


def same(ours: object, theirs: object) -> bool:
    """Equal in value and kind; NaN equals itself; dates are text to us."""
    match ours, theirs:
        case dict(), dict():
            return list(map(repr, sorted(ours, key=repr))) == list(map(repr, sorted(theirs, key=repr))) and all(
                same(ours[key], theirs[key]) for key in theirs
            )
        case list(), list():
            return len(ours) == len(theirs) and all(map(same, ours, theirs))
        case float(), float():
            return repr(ours) == repr(theirs)
        case str(), date() | datetime():
            return True
        case _:
            return type(ours) is type(theirs) and ours == theirs


@pytest.mark.parametrize("written", [*SCALARS, "", "2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00:00Z"])
def test_an_unquoted_scalar_means_what_dvc_reads(written: str) -> None:
    document = parse_yaml(f"key: {written}\n".encode(), file="f")
    assert same(document.value, read_as_dvc(f"key: {written}\n"))


@pytest.mark.parametrize("written", ["0x_", "0b_", "+_", "._", "=", "<<"])
def test_a_scalar_that_dvc_cannot_read_is_text(written: str) -> None:
    assert parse_yaml(f"key: {written}\n".encode(), file="f").value == {"key": written}


@settings(deadline=None)
@given(
    st.text(alphabet="0123456789-+._eEoxbnNaAfFiI~", max_size=8)
    | st.from_regex(r"[-+]?[0-9]{1,2}(:[0-9]{1,2}){1,2}(\.[0-9]{0,2})?", fullmatch=True)
)
@example("1e-7")
def test_number_like_text_means_what_dvc_reads(written: str) -> None:
    text = f"- {written}\n"
    assert same(parse_yaml(text.encode(), file="f").value, read_if_dvc_can(text))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))
KEYS = st.text("abcz_.- 1", min_size=1, max_size=6)
SYNTAX = st.text("{}[]\"':,&*!|>-?#%@`\n\t ab1.", max_size=60).map(str.encode)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), VALUES, max_size=5), st.booleans())
def test_generated_yaml_reads_as_dvc_reads_it(value: object, flow: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert same(parse_yaml(text.encode(), file="f").value, read_if_dvc_can(text))


@settings(deadline=None)
@given(VALUES)
def test_generated_json_reads_as_the_standard_library_reads_it(value: object) -> None:
    text = json.dumps(value)
    assert same(parse_json(text.encode(), file="f").value, json.loads(text))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60) | SYNTAX, st.sampled_from(PARSERS))
@example(b"\xef\xbb\xbf", parse_yaml)
@example(b"? [a]\n: b", parse_yaml)
@example(b"!!int [1]", parse_yaml)
@example(b'{"\\ud800": 1}', parse_json)
@example(b"&a : &a b", parse_yaml)
def test_bytes_are_read_or_refused_and_never_crash(data: bytes, parse: Parse) -> None:
    with suppress(KitError):
        parse(data, file="f").locate(("a", 0, "b"))


def test_merge_keys_fill_in_what_the_mapping_does_not_say_itself() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 5\n"
    document = parse_yaml(text.encode(), file="f")
    assert document.value == read_as_dvc(text)
    assert document.locate(("z", "c")) == Location(file="f", line=2, column=17)


def test_values_and_keys_have_places() -> None:
    document = parse_yaml(b"stages:\n  train:\n    cmd: python x\n    deps:\n    - a\n    - 1.10\n", file="dvc.yaml")
    assert document.locate(("stages", "train", "deps", 1)) == Location(file="dvc.yaml", line=6, column=7)
    assert document.locate_key(("stages", "train")) == Location(file="dvc.yaml", line=2, column=3)
    assert document.locate(("stages", "train", "outs", 0)) == Location(file="dvc.yaml", line=3, column=5)
    assert document.written(("stages", "train", "deps", 1)) == "1.10"


def test_json_values_and_keys_have_places() -> None:
    document = parse_json(b'{\n  "a": [1, {"b": "x, y"}],\n  "c": {}, "d": null\n}', file="m.json")
    assert document.locate(("a", 1, "b")) == Location(file="m.json", line=2, column=18)
    assert document.locate_key(("a", 1, "b")) == Location(file="m.json", line=2, column=13)
    assert document.locate(("d",)) == Location(file="m.json", line=3, column=17)
    assert document.locate(("a", 7)) == Location(file="m.json", line=2, column=8)


def test_every_duplicate_key_is_named_with_both_lines() -> None:
    assert refused(parse_yaml, "a: 1\nb:\n  c: 1\n  'c': 2\na: 2\n") == [
        "f:4:3: duplicate key 'c', first in line 3",
        "f:5:1: duplicate key 'a', first in line 1",
    ]
    assert refused(parse_json, '{"a": 1,\n "b": {"c": 1,\n "c": 2}, "a": 3}') == [
        "f:3:2 b.c: duplicate key 'c', first in line 2",
        "f:3:11 a: duplicate key 'a', first in line 1",
    ]
    assert refused(parse_toml, "a = 1\na = 2\n") == ["f:2:6: not TOML: cannot overwrite a value"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a: &a [*a]", "f:1:4: an alias inside the value that it stands for"),
        ("a: *b", "f:1:4: found undefined alias"),
        ("a: &x 1\nb: &x 2", "f:2:4: an anchor of this name exists already"),
        ("a: !!python/object/apply:os.system [x]", "f:1:4: the tag !!python/object/apply:os.system is not allowed"),
        ("a: !!binary aGk=", "f:1:4: the tag !!binary is not allowed"),
        ("a: !!int x", "f:1:4: 'x' is not what its tag !!int says"),
        ("a:\n\t- b", "f:2:1: a tab where YAML wants spaces"),
        ("a: 1\n---\nb: 2", "f:2: a second document starts here"),
        ("? [a, b]\n: 1", "f:1:3: a list or a mapping cannot be a key"),
        ("%YAML 1.1\n---\na: no", "f:1: YAML 1.1 is not read"),
        ("a: 'b", "f:1:6: found unexpected end of stream"),
        ("a: b\n<<: 1", "f:2:5: `<<` takes a mapping or a list of mappings"),
        ("a: \x01", "f:1:4: a control character"),
        ("a: " + "9" * 5000, "f:1:4: an integer has more than 4,300 digits"),
        ("[" * 100_000, "f:1:64: nested deeper than 64 levels"),
        ("- " * 100_000, "f:1:127: nested deeper than 64 levels"),
    ],
)  # fmt: skip
def test_yaml_that_cannot_be_read_is_refused_with_its_place(data: str, said: str) -> None:
    assert refused(parse_yaml, data) == [said]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "f:1:1: not JSON: expecting value"),
        ('{"a" 1}', "f:1:6: not JSON: expecting ':' delimiter"),
        ("[" * 100_000, "f: nested deeper than 64 levels"),
        ("[" * 65 + "]" * 65, "f: nested deeper than 64 levels"),
        ('{"a":\n' + "9" * 5000 + "}", "f:2:1: an integer has more than 4,300 digits"),
    ],
)
def test_json_that_cannot_be_read_is_refused_with_its_place(data: str, said: str) -> None:
    assert refused(parse_json, data) == [said]


def test_bytes_that_are_not_text_are_refused_by_every_parser() -> None:
    for parse in PARSERS:
        assert refused(parse, b"a\n\xff") == ["f:2:1: not UTF-8: byte 0xff"]
        assert refused(parse, b"a\n b\0") == ["f:2:3: holds a NUL character"]
        assert refused(parse, "a".encode("utf-16"))[0].startswith("f:1:1: not UTF-8")


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert parse_yaml(b"\xef\xbb\xbfa: 1", file="f").value == {"a": 1}
    assert parse_json(b'\xef\xbb\xbf{"a": 1}', file="f").value == {"a": 1}
    assert parse_toml(b"\xef\xbb\xbfa = 1", file="f").value == {"a": 1}


def test_json_keeps_what_is_no_finite_number_for_the_caller_to_judge() -> None:
    value = parse_json(b"[NaN, Infinity, -Infinity, 1e999]", file="f").value
    assert isinstance(value, list)
    assert math.isnan(value[0])
    assert value[1:] == [math.inf, -math.inf, math.inf]


def test_toml_dates_are_text() -> None:
    assert parse_toml(b"d = 2024-01-01\nt = [1979-05-27T07:32:00Z]", file="f").value == {
        "d": "2024-01-01",
        "t": ["1979-05-27T07:32:00+00:00"],
    }


def alias_bomb() -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(lines).encode()


def test_an_alias_bomb_is_refused_in_under_a_second() -> None:
    started = time.process_time()
    with pytest.raises(InvalidInputError, match="more than 50,000 values, aliases counted in full"):
        parse_yaml(alias_bomb(), file="f", limits=CONFIG_LIMITS)
    assert time.process_time() - started < 1


def test_a_limit_of_values_holds_for_json_and_toml_too() -> None:
    few = Limits(nodes=3)
    with pytest.raises(InvalidInputError, match="more than 3 values"):
        parse_json(b"[1, 2, 3]", file="f", limits=few)
    with pytest.raises(InvalidInputError, match="more than 3 values"):
        parse_toml(b"a = [1, 2, 3]", file="f", limits=few)


def test_conflict_markers_are_named_as_such() -> None:
    text = b"a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> topic\n"
    assert conflict_line(text) == conflict_line(text.replace(b"\n", b"\r\n")) == 2
    assert conflict_line(b"title\n=======\n") == 0
    assert refused(parse_yaml, text) == ["f:2: an unresolved merge conflict starts here"]


def test_a_lock_of_a_thousand_stages_is_read_in_seconds() -> None:
    entry = "  s{0}:\n    cmd: run {0}\n    deps:\n    - path: d/{0}\n      md5: d41d8cd98f00b204e9800998ecf8427e\n"
    entry += "      size: {0}\n"
    text = "schema: '2.0'\nstages:\n" + "".join(entry.format(number) for number in range(3600))
    started = time.process_time()
    document = parse_yaml(text.encode(), file="dvc.lock")
    place = document.locate(("stages", "s3599", "deps", 0, "size"))
    assert time.process_time() - started < 3
    assert place == Location(file="dvc.lock", line=21602, column=13)
