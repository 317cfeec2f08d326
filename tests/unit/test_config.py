"""mlops.yaml: what it means, and every problem it can have, with its place and next step."""

from datetime import timedelta
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.config import Baseline, Config, Goal, Level, RegistryKind, default_config, parse_config
from mlops_kit.core.errors import KitError
from mlops_kit.core.types import EnvironmentName

FULL = """\
version: 1
metrics:
  "*accuracy*": {goal: maximize, noise: 0.002}
  "*loss*":     {goal: minimize}
environments:
  dev:        {branch: dev}
  staging:
    branch: staging
    after: dev
    gates:
      - {metric: accuracy, min: 0.90}
      - {metric: accuracy, max-drop: 0.5%, against: live, level: warn}
  production:
    branch: release/production
    after: staging
    soak: 24h
    self-heal: true
    deploy: {kind: kserve, namespace: ml, storage: "s3://models"}
registry: {kind: none}
"""

NEWER = "a file for a newer mlops-kit needs a newer mlops-kit"
UNSURE = "without quotes is not text to every YAML reader"
BOOLEANS = "YAML 1.2 knows only true and false, without quotes"
OWN_BRANCH = "give each environment a branch of its own"
AMOUNT = "expected a number that is not negative, or a percentage such as 2%"


def problems(text: str) -> list[str]:
    """Every problem of a file as `LINE:COLUMN FIELD: message | hint`."""
    with pytest.raises(KitError) as caught:
        parse_config(dedent(text).encode(), file="f")
    assert caught.value.code == 2
    return [
        str(found).removeprefix("f:") + (f" | {found.hint}" if found.hint else "") for found in caught.value.problems
    ]


KEYS = "version, metrics, environments, registry, log, tracking, promotion, review, drift, training, bundle, evaluate"


def test_every_key_of_the_file_is_read() -> None:
    config = parse_config(FULL.encode(), file="mlops.yaml")
    staging, production = (config.environments[EnvironmentName(name)] for name in ("staging", "production"))
    assert config.policy("metrics.json", "val_accuracy").goal is Goal.MAXIMIZE
    assert config.policy("metrics.json", "val_accuracy").noise == 0.002
    assert config.policy("metrics.json", "seconds").goal is None
    assert (staging.gates[0].min, str(staging.gates[1].max_drop)) == (0.9, "0.5%")
    assert (staging.gates[1].against, staging.gates[1].level) == (Baseline.LIVE, Level.WARN)
    assert (production.branch, production.after, production.soak) == (
        "release/production",
        "staging",
        timedelta(days=1),
    )
    assert production.self_heal
    assert production.deploy is not None
    assert production.deploy.settings == {"namespace": "ml", "storage": "s3://models"}
    assert config.registry.kind is RegistryKind.NONE


def test_a_file_with_only_a_version_means_the_defaults() -> None:
    assert parse_config(b"version: 1\n", file="f") == default_config()
    assert list(default_config().environments) == ["dev", "staging", "production"]


@pytest.mark.parametrize(
    ("text", "got"),
    [("", "nothing"), ("# only a comment\n", "nothing"), ("- a\n", "a list"), ("word\n", "text"), ("3\n", "a number")],
)
def test_a_file_that_is_no_mapping_is_refused(text: str, got: str) -> None:
    (said,) = problems(text)
    assert said.endswith(f": expected a mapping, got {got} | the smallest file is: version: 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metrics: {}", "1:1 version: this key is missing | add it: version: 1"),
        ("version: 2", f"1:10 version: expected version: 1, got the number 2 | {NEWER}"),
        ("version: true", "1:10 version: expected version: 1, got the boolean true"),
        ("version: 1.0", "1:10 version: expected version: 1, got the number 1.0"),
        ('version: "1"', "1:10 version: expected version: 1, got '1'"),
    ],
)  # fmt: skip
def test_the_version_must_be_one(text: str, said: str) -> None:
    assert problems(text) == [said]


def test_unknown_keys_come_with_the_key_that_was_meant() -> None:
    assert problems("""\
        version: 1
        enviroments: {}
        environments:
          dev:
            branch: dev
            selfheal: true
            gates: [{metirc: loss, metric: loss, max: 1}]
        registry: {knd: mlflow}
        metrics: {loss: {gaol: minimize}}
        zzz: 1
    """) == [
        "2:1 enviroments: unknown key | did you mean environments?",
        "6:5 environments.dev.selfheal: unknown key | did you mean self-heal?",
        "7:14 environments.dev.gates.0.metirc: unknown key | did you mean metric?",
        "8:12 registry.knd: unknown key | did you mean kind?",
        "9:18 metrics.loss.gaol: unknown key | did you mean goal?",
        f"10:1 zzz: unknown key | known: {KEYS}",
    ]


def test_values_that_need_quotes_are_told_so() -> None:
    assert problems("""\
        version: 1
        environments:
          a: {branch: no}
          b: {branch: 1.10}
          c: {branch: c, gates: [{metric: 12:30:45, min: 0}]}
          d: {branch: 2024-01-01}
          e: {branch: 0o10}
          f: {branch: f, self-heal: no}
    """) == [
        f'3:15 environments.a.branch: no {UNSURE} | quote it: branch: "no"',
        '4:15 environments.b.branch: expected text, got the number 1.10 | quote it: branch: "1.10"',
        f'5:35 environments.c.gates.0.metric: 12:30:45 {UNSURE} | quote it: metric: "12:30:45"',
        f'6:15 environments.d.branch: 2024-01-01 {UNSURE} | quote it: branch: "2024-01-01"',
        '7:15 environments.e.branch: expected text, got the number 0o10 | quote it: branch: "0o10"',
        f"8:29 environments.f.self-heal: expected true or false, got 'no' | {BOOLEANS}",
    ]  # fmt: skip


def test_quoted_words_are_text() -> None:
    config = parse_config(b'version: 1\nenvironments: {dev: {branch: "no"}}\n', file="f")
    assert config.environments[EnvironmentName("dev")].branch == "no"


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("{metric: m}", "6:7 environments.dev.gates.0: a gate needs min, max, max-drop or max-rise"),
        ("{metric: m, min: 2, max: 1}", "6:7 environments.dev.gates.0: min 2 is greater than max 1"),
        ("{metric: m, min: .nan}", "6:24 environments.dev.gates.0.min: expected a finite number, got the number .nan"),
        (
            "{metric: m, max: -.inf}",
            "6:24 environments.dev.gates.0.max: expected a finite number, got the number -.inf",
        ),
        ("{metric: m, min: '1'}", "6:24 environments.dev.gates.0.min: expected a number, got '1'"),
        ("{metric: m, min: true}", "6:24 environments.dev.gates.0.min: expected a number, got the boolean true"),
        ("{metric: '', min: 1}", "6:16 environments.dev.gates.0.metric: must not be empty"),
        ("{min: 1}", "6:7 environments.dev.gates.0.metric: this key is missing | add it: metric: NAME"),
        (
            "{metric: m, max-drop: -1}",
            f"6:29 environments.dev.gates.0.max-drop: {AMOUNT}, got the number -1",
        ),
        (
            "{metric: m, max-rise: .inf}",
            f"6:29 environments.dev.gates.0.max-rise: {AMOUNT}, got the number .inf",
        ),
        (
            "{metric: m, min: 1, against: liv}",
            "6:36 environments.dev.gates.0.against: 'liv' is not one of base, live | did you mean live?",
        ),
        ("word", "6:7 environments.dev.gates.0: expected a mapping, got 'word'"),
    ],
)
def test_a_gate_that_cannot_judge_is_refused(gate: str, said: str) -> None:
    assert problems(f"version: 1\nenvironments:\n  dev:\n    branch: dev\n    gates:\n    - {gate}\n") == [said]


@pytest.mark.parametrize("name", ["latest", "v1", "v12", "Production", "a b", "a/b", "ünï", "-a", "a" * 64, "a_b", ""])
def test_an_environment_cannot_have_a_name_that_a_registry_alias_cannot_have(name: str) -> None:
    (said,) = problems(f'version: 1\nenvironments: {{"{name}": {{branch: x}}}}\n')
    assert said.startswith(f"2:16 environments.{name}: ")
    assert "expected lower-case letters" in said or "the registry reserves" in said


@pytest.mark.parametrize("name", ["dev", "v1a", "latest-2", "0", "a" * 63, "staging-eu"])
def test_other_names_are_fine_for_environments(name: str) -> None:
    assert list(
        parse_config(f'version: 1\nenvironments: {{"{name}": {{branch: x}}}}'.encode(), file="f").environments
    ) == [name]


@pytest.mark.parametrize(
    "branch",
    ["a b", "a..b", "a~1", "-rf", "--upload-pack=x", "a^", "a:b", "a?", "a*", "a[b", "a\\\\b", "/a", "a/", "a//b", ".a",
     "a/.b", "a.", "a.lock", "a.lock/b", "a@{1}", "@", "refs/heads/production"],
)  # fmt: skip
def test_a_branch_that_git_would_refuse_is_refused(branch: str) -> None:
    (said,) = problems(f'version: 1\nenvironments: {{dev: {{branch: "{branch}"}}}}\n')
    assert said.startswith("2:30 environments.dev.branch: ")


@pytest.mark.parametrize("branch", ["main", "feat/$(id)", "release/1.0", "a`b`", "a@b", "ünï", "a.lock.b"])
def test_other_branches_are_fine(branch: str) -> None:
    config = parse_config(f"version: 1\nenvironments: {{dev: {{branch: '{branch}'}}}}\n".encode(), file="f")
    assert config.environments[EnvironmentName("dev")].branch == branch


def test_everything_wrong_with_the_order_is_told_beside_other_problems() -> None:
    assert problems("""\
        version: 1
        environments:
          dev: {branch: main, after: production}
          staging: {branch: main, after: dve}
          production: {branch: production, after: dev, soak: 1 week}
          alone: {branch: alone, after: alone}
    """) == [
        "3:30 environments.dev.after: environments wait for each other: dev after production after dev",
        f"4:21 environments.staging.branch: branch 'main' is followed by dev already | {OWN_BRANCH}",
        "4:34 environments.staging.after: 'dve' is not an environment | did you mean dev?",
        "5:54 environments.production.soak: expected a duration such as 90s, 30m, 24h or 7d, got '1 week'",
        "6:33 environments.alone.after: environments wait for each other: alone after alone",
    ]


def test_sections_of_the_wrong_kind_are_told_what_was_expected() -> None:
    assert problems("""\
        version: 1
        metrics: [a]
        environments:
          dev:
          staging: {branch: staging, gates: {metric: a}, deploy: {replicas: 1}}
        registry:
    """) == [
        "2:10 metrics: expected a mapping, got a list",
        "4:7 environments.dev: expected a mapping, got nothing",
        "5:37 environments.staging.gates: expected a list, got a mapping",
        "5:58 environments.staging.deploy.kind: this key is missing | add it: kind: NAME",
        "6:10 registry: expected a mapping, got nothing",
    ]


def test_keys_must_be_text() -> None:
    assert problems("version: 1\nmetrics:\n  1: {goal: maximize}\n") == [
        "3:3 metrics.1: expected text as a key, got 1 | put the key in quotes"
    ]


def test_no_environment_at_all_is_refused() -> None:
    assert problems("version: 1\nenvironments: {}\n") == ["2:15 environments: must not be empty"]


def test_with_files_for_environments_all_follow_the_branch_that_has_them() -> None:
    text = "version: 1\npromotion: {reader: path, branch: trunk}\n"
    named = parse_config((text + "environments: {a: {}, b: {after: a, branch: trunk}}\n").encode(), file="f")
    assert [(name, one.branch) for name, one in named.environments.items()] == [("a", "trunk"), ("b", "trunk")]
    default = parse_config(text.encode(), file="f")
    assert [(name, one.branch, one.after) for name, one in default.environments.items()] == [
        ("dev", "trunk", None),
        ("staging", "trunk", "dev"),
        ("production", "trunk", "staging"),
    ]


LEAVE_OUT = "leave branch out: all environments are files of 'main'"
NO_OWN_BRANCH = "with promotion: {reader: path} no environment has a branch of its own"


def test_with_files_for_environments_none_has_a_branch_of_its_own() -> None:
    assert problems("""\
        version: 1
        promotion: {reader: path}
        environments:
          dev: {branch: dev}
          staging: {after: dve}
    """) == [
        f"4:17 environments.dev.branch: {NO_OWN_BRANCH}, but 'dev' | {LEAVE_OUT}",
        "5:20 environments.staging.after: 'dve' is not an environment | did you mean dev?",
    ]
    with pytest.raises(ValueError, match=r"environments\.a\.branch: with promotion"):
        Config.model_validate({"version": 1, "promotion": {"reader": "path"}, "environments": {"a": {"branch": "x"}}})


@pytest.mark.parametrize("folder", ["/a", "a/../b", "..", "a//b", "a/", ".git/x", "a\\\\b", "a\\u0007"])
def test_files_for_environments_stay_inside_the_repository(folder: str) -> None:
    (said,) = problems(f'version: 1\npromotion: {{reader: path, folder: "{folder}"}}\n')
    assert said.startswith("2:35 promotion.folder: expected a folder inside the repository")


def test_reader_and_bundles_are_checked() -> None:
    assert problems("""\
        version: 1
        promotion: {reader: files, branch: -x}
        bundle: {empty: [], text: churn, "": [a]}
    """) == [
        "2:21 promotion.reader: 'files' is not one of branch, path",
        "2:36 promotion.branch: git does not allow this as the name of a branch, got '-x'",
        "3:17 bundle.empty: must not be empty",
        "3:27 bundle.text: expected a list, got 'churn'",
    ]


def test_a_circle_cannot_be_built_in_code_either() -> None:
    one = {"branch": "x", "after": "a"}
    with pytest.raises(ValueError, match=r"environments\.a\.after: environments wait for each other: a after a"):
        Config.model_validate({"version": 1, "environments": {"a": one}})


WORDS = st.sampled_from(
    ["version", "metrics", "environments", "registry", "dev", "branch", "after", "gates", "metric", "min", "max-drop",
     "1", "1.5", "true", "no", "null", "dev", "24h", "2%", ".nan", "{", "}",
     "[", "]", ":", ",", "-", "\n", "  ", " ", '"', "'"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(WORDS, max_size=40).map("".join))
def test_any_text_is_a_config_or_an_input_error(text: str) -> None:
    try:
        parse_config(text.encode(), file="f")
    except KitError as error:
        said = [str(problem) for problem in error.problems]
        if not said or any("Error" in line or "pydantic" in line for line in said):
            raise AssertionError(said) from error
