"""How plans, outcomes, statuses and the log read."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest
from pydantic import TypeAdapter

from mlops_kit.commands.history import Question, read_history
from mlops_kit.commands.status import read_status
from mlops_kit.core.errors import InputError
from mlops_kit.core.promotion.periods import split_periods
from mlops_kit.core.render.promotion_history import render_history, render_history_markdown
from mlops_kit.core.render.promotion_history_data import history_json
from mlops_kit.core.render.promotion_outcome import outcomes_json, render_outcomes
from mlops_kit.core.render.promotion_plan import plan_json, render_plan, render_plan_markdown
from mlops_kit.core.render.promotion_status import render_status, render_status_markdown, status_json
from mlops_kit.core.review.report import PlanRows
from mlops_kit.core.types import Blocked, Change, EnvironmentName, ModelName, Plan, Unreadable, Verb
from tests.unit.promotion.scene import CHURN, DEV, ONE, Scene, digest_of

A, B = digest_of("a"), digest_of("b")


def scene_with_two() -> Scene:
    scene = Scene()
    for letter in ("a", "b"):
        scene.push("dev", churn=letter)
        scene.reconcile()
    return scene


def test_a_plan_is_a_table_with_what_is_blocked_below() -> None:
    scene = scene_with_two()
    scene.push("production", churn="b")
    scene.push("dev", churn="c")
    assert render_plan(scene.plan()) == (
        "environment  model  change     from          to\n"
        f"dev          churn  register   -             md5:{digest_of('c').short}\n"
        f"dev          churn  record     md5:{B.short}  md5:{digest_of('c').short}\n"
        f"dev          churn  set-alias  md5:{B.short}  md5:{digest_of('c').short}\n"
        f"blocked: production churn: skipped staging: {B} never entered it\n"
        "  hint: merge into staging first"
    )


def test_an_empty_plan_says_so() -> None:
    assert render_plan(Plan()) == "nothing to do: what runs is what the branches say"
    assert render_plan_markdown(Plan()) == "nothing to do: what runs is what the branches say\n"


def test_plan_json_has_the_fields_that_others_rely_on() -> None:
    plan = replace(
        scene_with_two().plan(),
        changes=(Change(environment=DEV, model=CHURN, verb=Verb.RECORD, source=str(A), target=str(B)),),
        blocked=(Blocked(environment=DEV, model=CHURN, reason="soaking", hint="wait"),),
        unknown=(Unreadable(environment=DEV, model=CHURN, reason="down"),),
    )
    assert TypeAdapter(PlanRows).validate_json(plan_json(plan)).changes[0].source == str(A)
    assert json.loads(plan_json(plan)) == {
        "changes": [{"environment": "dev", "model": "churn", "verb": "record", "from": str(A), "to": str(B)}],
        "blocked": [{"environment": "dev", "model": "churn", "reason": "soaking", "hint": "wait"}],
        "unknown": [{"environment": "dev", "model": "churn", "reason": "down"}],
        "notes": [],
    }


def test_markdown_keeps_hostile_names_inside_their_cells() -> None:
    name = ModelName("a|b`<img src=x>@team\n# x")
    change = Change(environment=EnvironmentName("dev"), model=name, verb=Verb.REGISTER, source="", target=str(A))
    row = render_plan_markdown(Plan(changes=(change,))).splitlines()[2]
    assert row.count(" | ") == 4
    shown = row.split(" | ")[1].removeprefix("<code>").removesuffix("</code>")
    assert not set("|`<>@#") & set(re.sub(r"&#\d+;|<wbr>", "", shown))
    assert unescape(shown).replace("<wbr>", "") == "a|b`<img src=x>@team\N{REPLACEMENT CHARACTER}# x"


def test_an_outcome_tells_trouble_first_and_then_what_was_done() -> None:
    scene = Scene()
    scene.push("dev", "production", churn="a")
    text = render_outcomes(scene.reconcile())
    assert text.splitlines() == [
        f"blocked: production churn: skipped staging: {A} never entered it",
        "  hint: merge into staging first",
        "done:",
        "  environment  model  change     from  to",
        f"  dev          churn  register   -     md5:{A.short}",
        f"  dev          churn  record     -     md5:{A.short}",
        f"  dev          churn  set-alias  -     md5:{A.short}",
        "note: staging: no branch staging yet",
    ]


def test_outcomes_as_json_carry_the_exit_code() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.artifacts.broken.add(A)
    document = json.loads(outcomes_json(scene.reconcile()))
    assert (document["code"], document["changes"], len(document["pending"])) == (6, [], 3)
    assert document["failures"][0]["message"].startswith("the bytes of churn at ")


def test_status_is_a_table_with_reasons_below() -> None:
    scene = scene_with_two()
    scene.registry.move_alias(CHURN, DEV, "1")
    commit = scene.records()[-1].commit[:8]
    assert render_status(read_status(scene.world)) == (
        "environment  model  version  live          commit    since             sync       health\n"
        f"dev          churn  #2       md5:{B.short}  {commit}  2026-03-01 12:00  OutOfSync  Degraded\n"
        "staging      -      -        -             -         -                 Unknown    Unknown\n"
        "production   -      -        -             -         -                 Unknown    Unknown\n"
        "\n"
        f"dev churn: the alias was moved by hand to {A}\n"
        "staging: no branch staging yet\n"
        "production: no branch production yet"
    )


def test_status_and_history_are_markdown_for_a_summary_page() -> None:
    scene = scene_with_two()
    shown = unescape(render_status_markdown(read_status(scene.world))).splitlines()
    assert shown[0] == "| environment | model | version | live | commit | since | sync | health |"
    assert shown[2].startswith(f"| <code>dev</code> | <code>churn</code> | <code>#2 v2</code> | <code>md5:{B.short}")
    assert shown[-1] == "- production: no branch production yet"
    told = unescape(render_history_markdown(split_periods(scene.records()))).replace("<wbr>", "").splitlines()
    assert [line.partition(" entered")[0] for line in told] == [
        f"- #1 churn md5:{A.short}",
        f"- #2 churn md5:{B.short}",
    ]
    assert render_history_markdown([]).startswith("the log is empty")


def test_status_json_has_a_tree_of_environments_and_models() -> None:
    scene = scene_with_two()
    document = json.loads(status_json(read_status(scene.world)))
    assert document["environments"]["dev"]["models"] == {
        "churn": {
            "desired": str(B),
            "live": str(B),
            "registry": str(B),
            "serving": None,
            "sync": "Synced",
            "health": "Healthy",
            "message": "",
            "version": "2",
            "seq": 2,
            "commit": scene.records()[-1].commit,
            "since": "2026-03-01T12:00:02+00:00",
        }
    }


def test_history_tells_sentences() -> None:
    scene = scene_with_two()
    first, second = scene.records()
    asked = Question(model="churn", environment="dev")
    records = read_history(scene.git, scene.log, scene.world.config, asked)
    assert render_history(records).splitlines() == [
        (
            f"#1 churn md5:{A.short} entered dev as its first version on 2026-03-01 12:00 UTC by ada, "
            f"promoted from commit {first.commit[:8]}. It was live until 2026-03-01 12:00 UTC."
        ),
        (
            f"#2 churn md5:{B.short} entered dev on 2026-03-01 12:00 UTC by ada, "
            f"promoted from commit {second.commit[:8]}, replacing md5:{A.short}. It is live."
        ),
    ]
    assert [entry["seq"] for entry in json.loads(history_json(records))["records"]] == [1, 2]
    assert read_history(scene.git, scene.log, scene.world.config, Question(environment="staging")) == ()
    with pytest.raises(InputError, match="the log has no environment 'stagging'"):
        read_history(scene.git, scene.log, scene.world.config, Question(environment="stagging"))


def test_the_same_input_gives_the_same_bytes() -> None:
    one, other = (scene_with_two() for _ in range(2))
    assert status_json(read_status(one.world)) == status_json(read_status(other.world))
    assert plan_json(one.plan()) == plan_json(other.plan())
