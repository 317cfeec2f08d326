"""What merges, reverts, force pushes and hands make of environments."""

import pytest

from tests.e2e.scenarios.scene import Scene, push

PROMOTED = {"Promote": "success"}
REFUSED = {"Promote": "failure"}
DISPATCH = """
on:
  workflow_dispatch:
    inputs:
      environment: {type: string}
permissions: {}
jobs:
  promote:
    uses: mlops-kit/mlops-kit/.github/workflows/promote.yml@v0.1.0
    permissions: {contents: write, deployments: write, pull-requests: write, actions: read}
    with:
      environment: ${{ inputs.environment }}
    secrets:
      MLFLOW_TRACKING_URI: ${{ secrets.MLFLOW_TRACKING_URI }}
"""


def tags(scene: Scene) -> list[str]:
    """The promotion log at the origin."""
    lines = scene.stage.consumer.git("ls-remote", "--tags", "--refs", "origin", "mlops/*").splitlines()
    return [line.partition("refs/tags/mlops/churn/")[2] for line in lines]


def move(scene: Scene, branch: str, commit: str) -> None:
    """Somebody pushes a commit to a branch, by force if need be."""
    scene.stage.consumer.git("push", "--quiet", "--force", "origin", f"{commit}:refs/heads/{branch}")


def test_a_merge_to_dev_promotes(scene: Scene) -> None:
    run = push(scene, "dev")

    assert (run.code, run.jobs) == (0, PROMOTED), run.text
    assert scene.registry.aliases() == {"dev": "1"}
    assert tags(scene) == ["dev/000001"]
    assert scene.github.board() == [(1, "dev", "success")]


def test_a_version_goes_from_dev_through_staging_to_production_by_merging(scene: Scene) -> None:
    move(scene, "production", "origin/main")

    runs = [push(scene, branch) for branch in ("dev", "staging", "production")]

    assert [(run.code, run.jobs) for run in runs] == [(0, PROMOTED)] * 3, runs[-1].text
    assert scene.registry.aliases() == {"dev": "1", "staging": "1", "production": "1"}
    assert tags(scene) == ["dev/000001", "production/000001", "staging/000001"]
    assert scene.github.board() == [(1, name, "success") for name in ("dev", "staging", "production")]


def test_a_schedule_that_finds_all_in_order_changes_nothing(scene: Scene) -> None:
    assert push(scene, "dev").code == 0
    assert push(scene, "staging").code == 0
    before, writes = tags(scene), scene.github.writes()
    scene.proxy.log.clear()

    again = scene.play("reconcile.yml", "schedule", {"schedule": "17 * * * *"})

    assert (again.code, again.jobs) == (0, {"Reconcile": "success"}), again.text
    assert scene.registry.aliases() == {"dev": "1", "staging": "1"}
    assert (tags(scene), scene.github.writes(), scene.proxy.writes()) == (before, writes, [])


def test_a_push_that_skips_staging_is_refused(scene: Scene) -> None:
    move(scene, "production", "origin/main")

    run = push(scene, "production")

    assert (run.code, run.jobs) == (1, REFUSED), run.text
    assert "exit status 4" in run.text
    assert "blocked: production churn: skipped staging" in run.text
    assert tags(scene) == []


def test_a_push_to_a_branch_that_is_no_environment_is_refused(scene: Scene) -> None:
    run = push(scene, "better")

    # GitHub's filter of branches, which act does not know, would not even start it
    assert (run.code, run.jobs) == (1, REFUSED), run.text
    assert "exit status 2" in run.text
    assert tags(scene) == []


@pytest.mark.parametrize("name", ["unknown", "hostile"])
def test_a_dispatch_with_a_name_that_is_no_environment_is_a_wrong_input(scene: Scene, name: str) -> None:
    told = {"unknown": "prod", "hostile": '--config=/etc/passwd"; touch PWNED; $(touch PWNED) ${{ github.token }}'}[
        name
    ]
    (scene.stage.consumer.clone / ".github/workflows/dispatch.yml").write_text(DISPATCH)
    event = {"ref": "refs/heads/main", "inputs": {"environment": told}}

    run = scene.play("dispatch.yml", "workflow_dispatch", event)

    assert (run.code, run.jobs) == (1, REFUSED), run.text
    assert "exit status 2" in run.text
    assert tags(scene) == []
    assert list(scene.stage.folder.rglob("PWNED*")) == []


def test_a_push_that_is_delivered_again_and_late_changes_nothing(scene: Scene) -> None:
    for branch in ("dev", "staging", "dev"):
        assert push(scene, branch).code == 0
    assert scene.github.board() == [(1, "dev", "success"), (1, "staging", "success")]
    writes = scene.github.writes()

    late = scene.play("promote.yml", "push", {"ref": "refs/heads/dev", "after": "0" * 40}, run_id=2)

    assert (late.code, late.jobs) == (0, PROMOTED), late.text
    assert scene.github.writes() == writes
    assert tags(scene) == ["dev/000001", "staging/000001"]
    assert [one["log_url"][-15:] for one in scene.github.deployment_statuses.values()] == ["/actions/runs/1"] * 4


def test_a_branch_that_was_forced_back_is_refused(scene: Scene) -> None:
    before = scene.stage.consumer.head("dev")
    move(scene, "dev", "origin/better")
    assert push(scene, "dev").code == 0
    move(scene, "dev", before)

    run = push(scene, "dev", run_id=2)

    assert (run.code, run.jobs) == (1, REFUSED), run.text
    assert "exit status 4" in run.text
    assert "--accept-rewrite" in run.text
    assert tags(scene) == ["dev/000001"]


def test_a_revert_brings_the_version_before_back(scene: Scene) -> None:
    assert push(scene, "dev").code == 0
    move(scene, "dev", "origin/better")
    assert push(scene, "dev", run_id=2).code == 0
    scene.stage.consumer.git("revert", "--no-edit", "HEAD")
    move(scene, "dev", "HEAD")

    run = push(scene, "dev", run_id=3)

    assert (run.code, run.jobs) == (0, PROMOTED), run.text
    assert "back to dev" in scene.stage.consumer.run("mlops-kit", "history").splitlines()[-1]
    assert scene.registry.aliases() == {"dev": "1"}
    assert tags(scene) == ["dev/000001", "dev/000002", "dev/000003"]


def test_an_alias_moved_by_hand_is_told_by_the_schedule_and_left_alone(scene: Scene) -> None:
    assert push(scene, "dev").code == 0
    move(scene, "dev", "origin/better")
    assert push(scene, "dev", run_id=2).code == 0
    scene.registry.move_alias("dev", "1")

    run = scene.play("reconcile.yml", "schedule", {"schedule": "17 * * * *"}, run_id=3)

    assert (run.code, run.jobs) == (1, {"Reconcile": "failure"}), run.text
    assert "exit status 3" in run.text
    assert "note: dev churn: the alias was moved by hand" in run.text
    assert scene.registry.aliases()["dev"] == "1"


def test_an_alias_moved_by_hand_is_put_back_by_the_schedule_where_the_environment_heals(scene: Scene) -> None:
    policy = scene.stage.consumer.clone / "mlops.yaml"
    policy.write_text(policy.read_text().replace("{branch: dev}", "{branch: dev, self-heal: true}"))
    scene.stage.consumer.publish("dev")
    scene.stage.consumer.git("push", "--quiet", "origin", "HEAD:main")
    assert push(scene, "dev").code == 0
    (scene.stage.consumer.clone / "params.json").write_text('{"rate": 0.15}\n')
    scene.stage.consumer.run("mlops-kit", "reproduce", "--push")
    scene.stage.consumer.publish("dev")
    assert push(scene, "dev", run_id=2).code == 0
    scene.registry.move_alias("dev", "1")

    run = scene.play("reconcile.yml", "schedule", {"schedule": "17 * * * *"}, run_id=3)

    assert (run.code, run.jobs) == (0, {"Reconcile": "success"}), run.text
    assert scene.registry.aliases()["dev"] == "2"
