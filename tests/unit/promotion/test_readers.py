"""What environments should run, by branches and by files: one suite for both readers, then what files alone have."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from mlops_kit.commands.observe import observe
from mlops_kit.commands.readers import BranchReader, Declared, PathReader, Reader
from mlops_kit.core.errors import ConflictError, ExitCode, InputError, OutsideError
from mlops_kit.core.promotion.desired import Desired, NothingDesired
from mlops_kit.core.types import CommitSha, EnvironmentName, Sync
from mlops_kit.testing.git import MemoryGit
from mlops_kit.testing.log import MemoryLog
from tests.unit.promotion.scene import CHURN, DEV, PATH, STAGING, THREE, Scene, digest_of

FILE = "environments/dev.lock.json"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way of saying what dev should run, and how its reader is made."""

    config: str
    say: Callable[[Scene, CommitSha], CommitSha]
    reader: Callable[[Scene], Reader]


def by_branch(scene: Scene, commit: CommitSha) -> CommitSha:
    scene.git.point("dev", commit)
    return commit


def by_path(scene: Scene, commit: CommitSha) -> CommitSha:
    return scene.name("dev", churn=commit)


WAYS = {
    "branch": Way(
        config=THREE,
        say=by_branch,
        reader=lambda scene: BranchReader(world=scene.world, declared=Declared(git=scene.git)),
    ),
    "path": Way(
        config=PATH,
        say=by_path,
        reader=lambda scene: PathReader(world=scene.world, declared=Declared(git=scene.git)),
    ),
}


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def broken(scene: Scene, path: str, data: bytes, branch: str = "main") -> CommitSha:
    head = scene.git.branches[branch]
    return scene.git.commit(branch, {**scene.git.read_files(head, scene.git.list_files(head)), path: data})


def test_a_reader_gives_each_model_with_the_commit_where_it_is_read(way: Way) -> None:
    scene = Scene(config=way.config)
    made = scene.push("main", churn="a")
    said = way.say(scene, made)
    desired = way.reader(scene).read_desired(DEV, said)
    assert isinstance(desired, Desired)
    (only,) = desired.models
    assert (only.model.name, only.model.digest, only.model.path) == (CHURN, digest_of("a"), "models/churn.bin")
    assert (only.commit, only.problem, only.unreadable, only.inconsistencies) == (made, "", "", ())
    assert desired.commit == said


def test_a_reader_refuses_a_commit_that_does_not_know_the_environment(way: Way) -> None:
    scene = Scene(config=way.config)
    said = way.say(scene, scene.push("main", churn="a"))
    with pytest.raises(InputError, match="does not configure the environment qa"):
        way.reader(scene).read_desired(EnvironmentName("qa"), said)


def test_a_reader_refuses_a_commit_that_says_it_by_the_other_way(way: Way) -> None:
    scene = Scene(config=way.config)
    said = way.say(scene, scene.push("main", churn="a"))
    other = Scene(config=PATH if way.config is THREE else THREE, git=scene.git)
    with pytest.raises(InputError, match="otherwise than this work tree"):
        replace(way.reader(scene), world=other.world).read_desired(DEV, said)  # type: ignore[type-var]


def test_promotion_goes_the_same_way_by_either(way: Way) -> None:
    scene = Scene(config=way.config)
    way.say(scene, scene.push("main", churn="a"))
    assert scene.verbs(scene.reconcile("dev")) == ["dev register", "dev record", "dev set-alias"]
    second = scene.push("main", churn="b")
    way.say(scene, second)
    scene.reconcile("dev")
    assert scene.story() == "1 bootstrap a, 2 promote b"
    assert scene.records()[-1].commit == second
    writes = scene.writes
    assert (scene.reconcile("dev")[0].code, scene.writes) == (ExitCode.DONE, writes)


def test_a_head_that_moves_on_while_bytes_are_published_is_a_conflict(way: Way) -> None:
    class Moving(MemoryGit):
        moved = 0

        def fetch(self) -> None:
            super().fetch()
            if self.fetches in {2, 3, 4, 5, 6, 7, 8, 9, 10, 11}:
                self.moved += 1
                head = self.branches["dev" if "dev" in self.branches else "main"]
                files = {**self.read_files(head, self.list_files(head)), "notes.md": str(self.moved).encode()}
                self.commit("dev" if "dev" in self.branches else "main", files)

    scene = Scene(config=way.config, git=Moving())
    way.say(scene, scene.push("main", churn="a"))
    (outcome,) = scene.reconcile("dev")
    assert [failure.code for failure in outcome.failures] == [ConflictError.code]
    assert scene.records() == []
    assert scene.reconcile("dev")[0].code is ExitCode.DONE


def test_an_environment_without_a_file_waits_and_is_not_in_the_way() -> None:
    scene = Scene(config=PATH)
    made = scene.push("main", churn="a")
    (dev, staging) = scene.reconcile()
    assert [one.remarks[0].message for one in (dev, staging)] == [
        "no environments/dev.lock.json on branch main yet",
        "no environments/staging.lock.json on branch main yet",
    ]
    assert scene.plan().changes == ()
    with pytest.raises(InputError, match=r"environments/dev\.lock\.json on branch main yet") as refused:
        scene.plan("dev")
    assert refused.value.hint == "mlops-kit promote dev writes it"
    scene.name("dev", churn=made)
    assert scene.reconcile()[0].code is ExitCode.DONE
    assert isinstance(observe(scene.world, STAGING).desired, NothingDesired)


def test_order_holds_between_files_too() -> None:
    scene = Scene(config=PATH)
    made = scene.push("main", churn="a")
    scene.name("staging", churn=made)
    assert scene.reconcile()[1].blocked[0].reason == f"skipped dev: {digest_of('a')} never entered it"
    scene.name("dev", churn=made)
    assert [outcome.code for outcome in scene.reconcile()] == [ExitCode.DONE] * 2


def test_a_file_that_names_other_bytes_than_its_commit_is_blocked() -> None:
    scene = Scene(config=PATH)
    made = scene.push("main", churn="a", uplift="u")
    scene.name("dev", churn=made, uplift=made)
    data = scene.git.read_files("main", [FILE])[FILE].replace(str(digest_of("a")).encode(), b"md5:" + b"f" * 32)
    broken(scene, FILE, data)
    (outcome, _) = scene.reconcile()
    (held,) = outcome.blocked
    assert held.reason == f"{FILE} asks for md5:{'f' * 32}, but commit {made[:8]} has {digest_of('a')} of churn"
    assert [record.model for record in scene.log.read_records()] == ["uplift"]


@pytest.mark.parametrize(("commit", "why"), [
    ("d" * 40, "is not a revision of this repository"),
    ("without", "declares no model 'churn'"),
    ("broken", "which cannot be followed: dvc.yaml:"),
])  # fmt: skip
def test_a_commit_that_cannot_be_followed_blocks_its_model_only(commit: str, why: str) -> None:
    scene = Scene(config=PATH)
    made = scene.push("main", churn="a", uplift="u")
    others = {"without": scene.push("main", uplift="u"), "broken": broken(scene, "dvc.yaml", b"stages: [")}
    scene.push("main", churn="a", uplift="u")
    scene.name("dev", churn=made, uplift=made)
    data = scene.git.read_files("main", [FILE])[FILE]
    text = f'"churn": {{\n      "commit": "{made}"'
    assert text.encode() in data
    broken(scene, FILE, data.replace(text.encode(), text.replace(made, others.get(commit, commit)).encode()))
    (outcome, _) = scene.reconcile()
    assert [(held.model, why in held.reason) for held in outcome.blocked] == [(CHURN, True)]
    assert [record.model for record in scene.log.read_records()] == ["uplift"]


def test_a_commit_that_never_reached_the_branch_is_blocked() -> None:
    scene = Scene(config=PATH)
    scene.push("main", churn="a")
    feature = scene.push("feature", churn="b")
    scene.name("dev", churn=feature)
    (outcome, _) = scene.reconcile()
    assert outcome.blocked[0].reason == f"commit {feature[:8]} is not in the history of branch main"
    assert scene.state().sync is Sync.BLOCKED
    assert scene.records() == []


def test_a_rewritten_main_branch_is_refused_until_somebody_accepts_it() -> None:
    scene = Scene(config=PATH)
    scene.name("dev", churn=scene.push("main", churn="a"))
    scene.reconcile()
    scene.git.point("main", scene.push("other", churn="b"))
    scene.name("dev", churn=scene.git.branches["main"])
    (outcome, _) = scene.reconcile()
    assert outcome.blocked[0].reason.startswith("the history of branch main was rewritten")
    assert scene.accept_rewrite("dev")[0].code is ExitCode.DONE


@pytest.mark.parametrize("data", [b"", b"{}", b'{"version": 2, "models": {}}', b"\xff", b"[" * 100])
def test_a_file_that_is_none_fails_its_environment_with_its_place(data: bytes) -> None:
    scene = Scene(config=PATH)
    made = scene.push("main", churn="a")
    scene.name("dev", churn=made)
    broken(scene, "environments/staging.lock.json", data)
    dev, staging = scene.reconcile()
    assert (dev.code, staging.code) == (ExitCode.DONE, ExitCode.INPUT)
    assert str(staging.failures[0].problem).startswith("environments/staging.lock.json")


def test_an_old_version_comes_back_by_naming_it() -> None:
    scene = Scene(config=PATH)
    first = scene.push("main", churn="a")
    scene.name("dev", churn=first)
    scene.reconcile()
    scene.name("dev", churn=scene.push("main", churn="b"))
    scene.reconcile()
    scene.name("dev", churn=first)
    scene.reconcile()
    assert scene.story() == "1 bootstrap a, 2 promote b, 3 rollback a"


def test_a_plan_of_a_pull_request_reads_its_file() -> None:
    scene = Scene(config=PATH)
    made = scene.push("main", churn="a")
    scene.git.branches["change"] = made
    scene.name("dev", branch="change", churn=made)
    assert [change.verb for change in scene.plan("dev", revision="change").changes] == [
        "register",
        "record",
        "set-alias",
    ]
    assert scene.plan().changes == ()


def test_a_commit_that_a_shallow_clone_cannot_fetch_leaves_its_model_unknown() -> None:
    class Cut(MemoryGit):
        @property
        def is_shallow(self) -> bool:
            return True

        def fetch_commit(self, revision: str) -> CommitSha:
            raise OutsideError(f"{revision} could not be fetched from origin: no route")

    scene = Scene(config=PATH, git=Cut())
    made = scene.push("main", churn="a", uplift="u")
    scene.name("dev", churn=made, uplift=made)
    data = scene.git.read_files("main", [FILE])[FILE]
    churn = f'"churn": {{\n      "commit": "{made}"'
    broken(scene, FILE, data.replace(churn.encode(), churn.replace(made, "d" * 40).encode()))
    (outcome, _) = scene.reconcile()
    assert [(one.model, one.reason[-8:]) for one in outcome.unknown] == [(CHURN, "no route")]
    assert [record.model for record in scene.log.read_records()] == ["uplift"]
    assert isinstance(scene.log, MemoryLog)
