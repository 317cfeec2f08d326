"""A forecast and an explanation as people and programs read them."""

import json
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.inspection import Content, Inspection, SeenInput, SeenOutput, SeenParam
from mlops_kit.core.pipeline.forecast import Cause, Explanation, Fate, Reason, StageForecast, summarise
from mlops_kit.core.render.explanation import explanation_json, render_explanation
from mlops_kit.core.render.forecast import forecast_json, render_forecast, render_forecast_markdown
from mlops_kit.core.render.reasons import describe_reasons, show_duration
from mlops_kit.core.run import StageResult, StageState, Wants
from mlops_kit.core.types import Digest, StageName

ONE, TWO = (Digest(algorithm="md5", value=letter * 32) for letter in "12")
TRAIN = StageForecast(
    name=StageName("train"),
    fate=Fate.RUN,
    reasons=(
        Reason(cause=Cause.COMMAND, old="prepare\npython train.py", new="prepare\npython train.py --fast"),
        Reason(cause=Cause.DEPENDENCY, subject="data", old=str(ONE), new=str(TWO)),
        Reason(cause=Cause.PARAM, subject="params.yaml", key="lr", old=0.1, new="0.1"),
    ),
    seconds=125.0,
)
FORECAST = summarise(
    (
        StageForecast(name=StageName("load"), fate=Fate.KEEP),
        TRAIN,
        StageForecast(
            name=StageName("eval"),
            fate=Fate.MAY_RUN,
            reasons=(Reason(cause=Cause.UPSTREAM, subject="train"),),
            after=(StageName("train"),),
        ),
        StageForecast(
            name=StageName("plots"),
            fate=Fate.ABSENT,
            reasons=(Reason(cause=Cause.MISSING, subject="plots", note="not in the cache"),),
        ),
    )
)

TERMINAL = """\
stage  will     why                                     seconds
load   keep
train  run      command:                                125.0
                - python train.py
                + python train.py --fast
                dependency data: md5:11111111 -> md5:22222222
                param params.yaml:lr: 0.1 -> "0.1"
eval   may run  if its input changes: train
plots  absent   missing plots (not in the cache)

1 absent, 1 keep, 1 may run, 1 run; its commands took 2 min 5 s when they last ran
absent: nothing changed, but data is not here; with --pull a run leaves it so, without it makes it anew"""

MARKDOWN = """\
## 🔁 dvc.lock is not up to date

1 absent, 1 keep, 1 may run, 1 run; its commands took 2 min 5 s when they last ran

absent: nothing changed, but data is not here; with --pull a run leaves it so, without it makes it anew

| stage | will | why |
|:--|:--|:--|
| <code>train</code> | run | command:<br>- python train.py<br>+ python train.py --fast<br>\
dependency data: md5:11111111 -> md5:22222222<br>param params.yaml:lr: 0.1 -> "0.1" |
| <code>eval</code> | may run | if its input changes: train |
| <code>plots</code> | absent | missing plots (not in the cache) |

<details><summary>1 stage would stay as they are</summary>

- <code>load</code>

</details>

<details><summary>Stage graph</summary>

```mermaid
flowchart LR
    n1["load"]
    n2["train<br/>run"]:::run
    n3["eval<br/>may run"]:::maybe
    n4["plots<br/>absent"]:::absent
    n2 --> n3
    classDef run stroke:#bf8700,stroke-width:4px
    classDef maybe stroke:#bf8700,stroke-width:2px,stroke-dasharray:4
    classDef absent stroke:#6e7781,stroke-dasharray:4
```

</details>
"""


def unescape(text: str) -> str:
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text.replace("<wbr>", ""))


def test_the_terminal_has_a_line_for_each_stage_and_reason() -> None:
    assert squeeze(render_forecast(FORECAST)) == squeeze(TERMINAL)


def squeeze(text: str) -> str:
    """Columns are one space apart: what counts is what stands where."""
    return re.sub(r" {2,}", "  ", text)


def test_markdown_has_what_runs_first_and_the_graph_last() -> None:
    assert unescape(render_forecast_markdown(FORECAST)) == MARKDOWN


texts = st.text(max_size=40) | st.sampled_from(["@team", "|", "\n## t", "</details>", "<!-- x -->", "```"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
reasons = st.builds(
    Reason, cause=st.sampled_from(Cause), subject=texts, key=texts, old=scalars, new=scalars, note=texts
)
stages = st.builds(
    StageForecast,
    name=texts.map(StageName),
    fate=st.sampled_from(Fate),
    reasons=st.lists(reasons, max_size=4).map(tuple),
)


@given(st.lists(stages, max_size=12).map(tuple), st.sampled_from([60_000, 2_000, 300]))
def test_no_name_or_value_is_markup_and_the_limit_holds(drawn: tuple[StageForecast, ...], limit: int) -> None:
    text = render_forecast_markdown(summarise(drawn), limit=limit)
    assert len(text) <= limit
    outside = re.sub(r"(?s)```mermaid.*?```", "", text)
    assert not re.search(r"[@`]|<!--", outside)
    assert [line for line in outside.splitlines() if line.startswith("## ")][1:] == []
    assert outside.count("<details>") == outside.count("</details>")


@given(st.lists(stages, max_size=12).map(tuple))
def test_the_document_is_strict_and_says_the_same(drawn: tuple[StageForecast, ...]) -> None:
    document = json.loads(forecast_json(summarise(drawn)), parse_constant=lambda name: f"refused {name}")
    assert [stage["name"] for stage in document["stages"]] == [stage.name for stage in drawn]
    assert [stage["fate"] for stage in document["stages"]] == [stage.fate.value for stage in drawn]
    assert document["up_to_date"] == (not any(stage.changed for stage in drawn))


@given(st.lists(stages, max_size=12).map(tuple))
def test_a_terminal_obeys_nothing(drawn: tuple[StageForecast, ...]) -> None:
    text = render_forecast(summarise(drawn))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", text)


def test_reasons_in_words() -> None:
    found = describe_reasons(
        (
            Reason(cause=Cause.NEVER_RAN),
            Reason(cause=Cause.FORCED),
            Reason(cause=Cause.ALWAYS),
            Reason(cause=Cause.FROZEN),
            Reason(cause=Cause.COMMAND, old=None, new="x"),
            Reason(cause=Cause.COMMAND, old="a\nb", new="a\nb"),
            Reason(cause=Cause.OUTPUT, subject="out", old=str(ONE)),
            Reason(cause=Cause.PARAM, subject="p", key="k", old=0.12345678, new=0.12345679),
            Reason(cause=Cause.PARAM, subject="p", key="k", old=1, note="gone"),
            Reason(cause=Cause.UNSEEN, subject="s3://b/k"),
            Reason(cause=Cause.UPSTREAM, subject="a"),
            Reason(cause=Cause.UPSTREAM, subject="b"),
        )
    )
    assert found == (
        "never ran: dvc.lock has no entry",
        "asked for with --force",
        "runs every time",
        "frozen: its inputs are not looked at",
        "its definition changed",
        "command: written as a list or a text, otherwise the same",
        "output out: md5:11111111 -> none",
        "param p:k: 0.12345678 -> 0.12345679",
        "param p:k: 1 -> none (gone)",
        "if s3://b/k changed: it lies elsewhere and was not looked at",
        "if its input changes: a, b",
    )


def test_a_duration_has_the_units_of_its_size() -> None:
    assert [show_duration(seconds) for seconds in (0.25, 59.9, 185, 7805)] == [
        "0.2 s",
        "59.9 s",
        "3 min 5 s",
        "2 h 10 min",
    ]


EXPLANATION = Explanation(
    stage=TRAIN,
    inspection=Inspection(
        stage=TRAIN.name,
        command=("prepare", "python train.py --fast"),
        locked_command=("prepare", "python train.py"),
        command_changed=True,
        inputs=(SeenInput(path="data", content=Content.CHANGED, old=ONE, new=TWO),),
        params=(
            SeenParam(file="params.yaml", key="lr", content=Content.CHANGED, old=0.1, new="0.1"),
            SeenParam(file="params.yaml", key="seed", content=Content.SAME, old=1, new=1),
        ),
        outputs=(
            SeenOutput(path="model", content=Content.SAME, old=ONE, new=ONE, in_cache=True),
            SeenOutput(path="m.json", content=Content.ABSENT, old=TWO, plain=True),
        ),
    ),
    writers={"data": (StageName("load"),)},
    readers=(StageName("eval"), StageName("plots")),
    wants=Wants(gpus=1, mutexes=("db",), timeout_seconds=7200, retries=1, cpus=2, resources={"tpu": 1.0}),
    in_run_cache=False,
    last_run=StageResult(name=TRAIN.name, state=StageState.FAILED, seconds=3.0, message="exit status 3", log="l.txt"),
)
EXPLAINED = """\
train: run (took 2 min 5 s when it last ran)
  command:
  - python train.py
  + python train.py --fast
  dependency data: md5:11111111 -> md5:22222222
  param params.yaml:lr: 0.1 -> "0.1"

command
  prepare
  python train.py --fast

inputs
  path           lock          here          made by
  data  changed  md5:11111111  md5:22222222  load

params
  param                      lock  here
  params.yaml:lr    changed  0.1   "0.1"
  params.yaml:seed  same     1     1

outputs
  path            lock          here          cache
  model   same    md5:11111111  md5:11111111  yes
  m.json  absent  md5:22222222                git's

read by    eval, plots
wants      1 GPU, mutex db, at most 2 h 0 min, 1 more try, 2 CPUs, 1 tpu
run-cache  has nothing for these inputs
last run   failed, 3.0 s, exit status 3, l.txt"""


def test_everything_about_a_stage_in_its_order() -> None:
    assert render_explanation(EXPLANATION) == EXPLAINED


def test_a_stage_without_parts_needs_few_lines() -> None:
    bare = Explanation(
        stage=StageForecast(name=StageName("s"), fate=Fate.KEEP),
        inspection=Inspection(stage=StageName("s")),
        writers={},
        readers=(),
        wants=Wants(),
    )
    assert render_explanation(bare).splitlines()[:3] == ["s: keep", "", "read by    no other stage"]


def test_the_explanation_is_a_document_too() -> None:
    document = json.loads(explanation_json(replace(EXPLANATION, in_run_cache=None)))
    assert (document["in_run_cache"], document["last_run"]["state"]) == (None, "failed")
    assert document["inspection"]["params"][0] == {
        "content": "changed",
        "file": "params.yaml",
        "key": "lr",
        "new": "0.1",
        "old": 0.1,
    }
