"""The action by itself, as a step of a user's own workflow, under act."""

from tests.e2e.act import Stage
from tests.e2e.prepare import KIT_REF, pinned_actions
from tests.fakes.github import FakeGitHub

CHECKOUT = dict(pinned_actions())["actions/checkout"]
WORKFLOW = """
on: push
jobs:
  alone:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{checkout}
        with: {{persist-credentials: false}}
      - uses: {kit}
        with:
          command: {command}
          token: ${{{{ github.token }}}}
"""


def run(stage: Stage, command: str) -> tuple[int, str]:
    workflow = stage.consumer.clone / ".github/workflows/alone.yml"
    workflow.write_text(WORKFLOW.format(checkout=CHECKOUT, kit=KIT_REF, command=command))
    done = stage.run("alone.yml", "push", {"ref": "refs/heads/main", "after": stage.consumer.head("main")})
    return done.code, done.text


def test_a_verb_runs_in_the_checkout(stage: Stage) -> None:
    code, text = run(stage, "validate")

    assert code == 0
    assert "environments dev → staging → production; 1 gate" in text


def test_comment_on_a_push_of_no_pull_request_says_so(stage: Stage, github: FakeGitHub) -> None:
    code, text = run(stage, "comment report.json")

    assert code == 1
    assert f"no open pull request has commit {stage.consumer.head('main')} as its head" in text
    assert "hint: name the pull request with --pull-request N" in text
    assert github.writes() == []
