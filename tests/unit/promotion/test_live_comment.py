"""The comment on a pull request that says where its versions are live now."""

import re
from html import unescape

import pytest

from mlops_kit.core.errors import ExitCode, PassingError, RefusedError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.render.live_comment import NOWHERE
from mlops_kit.core.types import CommitSha
from mlops_kit.testing.board import MemoryBoard
from mlops_kit.testing.forge import MemoryForge
from tests.unit.promotion.scene import THREE, Scene, digest_of


def merged(number: int, branch: str, *, is_fork: bool = False, is_locked: bool = False) -> PullRequest:
    return PullRequest(
        number=number,
        head=CommitSha(f"{number:040x}"),
        base=CommitSha("b" * 40),
        head_branch="feature",
        base_branch=branch,
        is_fork=is_fork,
        is_locked=is_locked,
        is_open=False,
        is_merged=True,
        url=f"https://forge.test/acme/churn/pull/{number}",
    )


def merge(scene: Scene, pull_request: PullRequest, models: dict[str, str]) -> None:
    """A pull request is merged into its branch."""
    assert scene.forge is not None
    commit = scene.push(pull_request.base_branch, **models)
    scene.forge.pull_requests[pull_request.number] = pull_request
    scene.forge.comments[pull_request.number] = []
    scene.forge.merged[commit] = pull_request.number


def forge_scene() -> tuple[Scene, MemoryForge]:
    scene, forge = Scene(config=THREE), MemoryForge()
    scene.board, scene.forge = MemoryBoard(), forge
    return scene, forge


def rows(forge: MemoryForge, number: int) -> list[str]:
    """Environment, model, version and bytes in each line of a pull request's one comment, without markup."""
    (comment,) = forge.comments[number]
    plain = unescape(re.sub(r"</?code>|\[|\]\(<[^>]*>\)", "", comment.body)).splitlines()
    lines = [line for line in plain if line.startswith("|")][2:]
    return [" ".join(line.strip("| ").split(" | ")[:4]) for line in lines]


def test_a_pull_request_is_told_where_its_version_is_live_from_environment_to_environment() -> None:
    scene, forge = forge_scene()
    merge(scene, merged(7, "dev"), {"churn": "a"})
    scene.reconcile()
    a = f"md5:{digest_of('a').short}"
    assert rows(forge, 7) == [f"dev churn 1 {a}"]
    body = forge.comments[7][0].body
    assert body.startswith("<!-- mlops-kit:live:v1 id=live ")
    assert "(<https://forge.test/acme/churn/deployments/dev>)" in body
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC, #1", body)

    merge(scene, merged(8, "staging"), {"churn": "a"})
    scene.reconcile()

    expected = [f"dev churn 1 {a}", f"staging churn 1 {a}"]
    assert rows(forge, 7) == expected
    assert rows(forge, 8) == expected
    writes = list(forge.writes)
    scene.reconcile()
    assert forge.writes == writes


def test_what_was_replaced_everywhere_is_told_that_it_is_live_nowhere() -> None:
    scene, forge = forge_scene()
    merge(scene, merged(7, "dev"), {"churn": "a"})
    scene.reconcile()
    merge(scene, merged(9, "dev"), {"churn": "b"})
    scene.reconcile()

    assert rows(forge, 7) == []
    assert NOWHERE in forge.comments[7][0].body
    assert len(rows(forge, 9)) == 1


def test_models_of_one_merge_share_a_comment() -> None:
    scene, forge = forge_scene()
    merge(scene, merged(7, "dev"), {"churn": "a", "price": "b"})
    scene.reconcile()

    assert [row.split(" ")[1] for row in rows(forge, 7)] == ["churn", "price"]


def test_only_the_pull_request_that_was_merged_into_the_branch_is_told() -> None:
    scene, forge = forge_scene()
    commit = scene.push("dev", churn="a")
    forge.pull_requests[7], forge.comments[7], forge.merged[commit] = merged(7, "other"), [], 7

    scene.reconcile("dev")

    assert forge.comments[7] == []


@pytest.mark.parametrize(
    ("pull_request", "why"),
    [
        (merged(7, "dev", is_fork=True), "it comes from a fork"),
        (merged(7, "dev", is_locked=True), "it is locked"),
    ],
)
def test_a_pull_request_that_is_closed_to_us_is_a_remark(pull_request: PullRequest, why: str) -> None:
    scene, forge = forge_scene()
    merge(scene, pull_request, {"churn": "a"})

    outcome = scene.reconcile()[0]

    assert forge.comments[7] == []
    assert outcome.code is ExitCode.DONE
    assert [one.message for one in outcome.remarks] == [
        f"pull request 7 is not told where its versions are live: {why}"
    ]


def test_a_comment_that_may_not_be_written_stops_no_announcement() -> None:
    scene, forge = forge_scene()
    forge.failures.append(RefusedError("the token may not comment"))
    merge(scene, merged(7, "dev"), {"churn": "a"})

    outcome = scene.reconcile()[0]

    assert outcome.code is ExitCode.DONE
    assert [one.message for one in outcome.remarks] == ["pull request 7 could not be told: the token may not comment"]
    assert scene.board is not None
    assert [one.state.value for one in scene.board.shown] == ["success"]


def test_an_answer_that_is_lost_leaves_one_comment() -> None:
    scene, forge = forge_scene()
    forge.late_failures.append(PassingError("the answer was lost"))
    merge(scene, merged(7, "dev"), {"churn": "a"})

    scene.reconcile()

    assert len(rows(forge, 7)) == 1


def test_names_are_shown_as_the_characters_that_they_are() -> None:
    scene, forge = forge_scene()
    merge(scene, merged(7, "dev"), {"a|b<img>@here": "a"})
    scene.reconcile()

    (comment,) = forge.comments[7]
    assert "<img>" not in comment.body
    assert "a|b" not in comment.body
