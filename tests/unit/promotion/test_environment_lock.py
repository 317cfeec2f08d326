"""The file of an environment: strict, canonical, every problem with its place."""

import json

import pytest

from mlops_kit.core.errors import InputError
from mlops_kit.core.promotion.environment_lock import LockedModel, environment_lock_text, parse_environment_lock
from mlops_kit.core.types import CommitSha, Digest, ModelName

COMMIT, DIGEST = "a" * 40, "md5:0cc175b9c0f1b6a831c399e269772661"


def parse(text: str) -> tuple[LockedModel, ...]:
    return parse_environment_lock(text.encode(), file="e.json")


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        parse(text)
    return [str(problem) for problem in refused.value.problems]


def test_what_is_written_is_read_and_written_the_same() -> None:
    models = [
        LockedModel(name=ModelName(name), digest=Digest.parse(DIGEST), commit=CommitSha(COMMIT))
        for name in ("zeta", "ünï $(id)\n", "alpha")
    ]
    text = environment_lock_text(models)
    assert sorted(parse(text), key=lambda one: one.name) == sorted(models, key=lambda one: one.name)
    assert environment_lock_text(parse(text)) == text
    assert text.endswith("}\n")


def test_every_problem_is_told_with_line_and_field() -> None:
    assert problems(f"""{{
      "version": 2,
      "models": {{
        "a": {{"digest": "0cc1", "commit": "HEAD"}},
        "b": {{"digest": "{DIGEST}"}},
        "c": {{"digest": "{DIGEST}", "commit": "{COMMIT}", "branch": "x"}},
        "d": 1
      }},
      "extra": true
    }}""") == [
        "e.json:2:18 version: expected version 1: a file for a newer mlops-kit needs a newer mlops-kit, got 2",
        "e.json:4:25 models.a.digest: expected ALGORITHM:VALUE, such as md5:…, got '0cc1'",
        "e.json:4:43 models.a.commit: expected the 40 hexadecimal digits of a commit, got 'HEAD'",
        "e.json:5:14 models.b.commit: this key is missing",
        "e.json:6:129 models.c.branch: unknown key",
        "e.json:7:14 models.d: expected an object",
        "e.json:9:16 extra: unknown key",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [
    ("", "not JSON"),
    ("[]", "expected an object"),
    ('{"version": true, "models": {}}', "expected version 1"),
    ('{"version": 1.0, "models": {}}', "expected version 1"),
    ('{"version": 1, "models": []}', "expected an object"),
    ('{"version": 1, "models": {"a": 1, "a": 2}}', "duplicate key 'a'"),
    ('{"version": 1}', "this key is missing"),
    (json.dumps({"version": 1, "models": {"": {"digest": DIGEST, "commit": COMMIT}}}), "at least 1 character"),
    (json.dumps({"version": 1, "models": {"a": {"digest": DIGEST + "\n", "commit": COMMIT}}}), "expected ALGORITHM"),
    (json.dumps({"version": 1, "models": {"a": {"digest": DIGEST, "commit": COMMIT + "\n"}}}), "expected the 40"),
    (json.dumps({"version": 1, "models": {"a": {"digest": DIGEST, "commit": COMMIT.upper()}}}), "expected the 40"),
    (json.dumps({"version": 1, "models": {str(n): {"digest": DIGEST, "commit": COMMIT} for n in range(20_000)}}),
     "holds more than 50,000 values"),
    ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n", "an unresolved merge conflict"),
])  # fmt: skip
def test_anything_else_is_refused(text: str, said: str) -> None:
    assert said in "\n".join(problems(text))
