"""Ways back by real git: which commit is proposed, what it leaves alone, and what merging it does."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml

from mlops_kit.adapters.drafts import GitDrafts
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.rollback import Request, prepare_rollback, propose
from mlops_kit.commands.world import World
from mlops_kit.core.config import parse_config
from mlops_kit.core.errors import ConflictError, InputError, RefusedError
from mlops_kit.core.promotion.entry import Origin
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.render.rollback_result import Proposal, render_rollback, rollback_json
from mlops_kit.core.types import ModelName, Note, NoteKind
from mlops_kit.testing.artifacts import MemoryArtifacts
from mlops_kit.testing.clock import ManualClock
from mlops_kit.testing.deployer import MemoryDeployers
from mlops_kit.testing.forge import MemoryForge
from mlops_kit.testing.registry import MemoryRegistry
from tests.faults.stage import git, git_environment, make_remote
from tests.unit.promotion.scene import NoResolver, digest_of

BY_FILE = """\
version: 1
promotion: {reader: path, branch: main}
environments:
  production: {}
"""
CONFIG = """\
version: 1
environments:
  dev: {branch: dev}
  production: {branch: production, after: dev, gates: [{metric: accuracy, min: 0.8}]}
"""
SHORT = {letter: f"md5:{digest_of(letter).short}" for letter in "abcdef"}


def stage_lock(name: str, letter: str, rate: object) -> dict[str, object]:
    outs = [{"path": f"models/{name}.bin", "hash": "md5", "md5": digest_of(letter).value, "size": 3}]
    params = {"params.yaml": {f"{name}.rate": rate}}
    code = [{"path": f"src/{name}.py", "hash": "md5", "md5": digest_of(f"{name} {letter}\n").value, "size": 3}]
    return {"cmd": f"train {name} {letter}", "deps": code, "params": params, "outs": outs}


def pipeline(folder: str, letters: dict[str, str], rates: dict[str, object]) -> dict[str, str]:
    """The files of one dvc.yaml: a stage per model that reads a script and a rate; its command names the letter."""
    stages = {
        name: {
            "cmd": f"train {name} {letter}",
            "deps": [f"src/{name}.py"],
            "params": [f"{name}.rate"],
            "outs": [f"models/{name}.bin"],
        }
        for name, letter in letters.items()
    }
    artifacts = {name: {"path": f"models/{name}.bin", "type": "model"} for name in letters}
    lock = {name: stage_lock(name, letter, rates[name]) for name, letter in letters.items()}
    document = {"stages": stages, "artifacts": artifacts, "metrics": ["../metrics.json" if folder else "metrics.json"]}
    place = f"{folder}/" if folder else ""
    return {
        f"{place}dvc.yaml": "# ours\n" + yaml.safe_dump(document, sort_keys=False),
        f"{place}dvc.lock": yaml.safe_dump({"schema": "2.0", "stages": lock}, sort_keys=False),
        f"{place}params.yaml": "# rates\n" + yaml.safe_dump({name: {"rate": rate} for name, rate in rates.items()}),
        **{f"{place}src/{name}.py": f"{name} {letter}\n" for name, letter in letters.items()},
    }


@dataclass(kw_only=True)
class House:
    """A clone with a remote, and a world around it whose bytes, registry and forge are in memory."""

    clone: Path
    config: str = CONFIG
    artifacts: MemoryArtifacts = field(default_factory=MemoryArtifacts)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    forge: MemoryForge = field(default_factory=MemoryForge)

    @property
    def git(self) -> GitRepository:
        return GitRepository(self.clone, git_environment(self.clone))

    @property
    def drafts(self) -> GitDrafts:
        return GitDrafts(self.git, git_environment(self.clone))

    @property
    def world(self) -> World:
        repository = self.git
        return World(
            git=repository,
            config=parse_config(self.config.encode(), file="mlops.yaml"),
            log=GitPromotionLog(repository),
            registry=self.registry,
            artifacts=self.artifacts,
            deployers=MemoryDeployers(),
            clock=ManualClock(),
            resolver=NoResolver(),
            origin=Origin(actor="ada"),
        )

    def commit(self, *files: dict[str, str]) -> str:
        """A commit with these files on top of the work tree's; its name."""
        joined = {"mlops.yaml": self.config, ".dvc/config": "", "metrics.json": '{"accuracy": 0.9}'}
        for path, text in {**joined, **{path: text for one in files for path, text in one.items()}}.items():
            (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / path).write_text(text)
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "--allow-empty", "-m", "a version")
        return git(self.clone, "rev-parse", "HEAD").strip()

    def push(self, *branches: str) -> None:
        """HEAD becomes the head of these branches, and is promoted there."""
        for branch in branches:
            git(self.clone, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
            for outcome in self.reconcile(branch):
                assert (outcome.blocked, outcome.failures, outcome.unknown) == ((), (), ())

    def train(self, letters: dict[str, str], **rates: object) -> str:
        """A commit in which these models have these bytes, promoted to dev and production."""
        commit = self.commit(pipeline("", letters, {name: rates.get(name, 1) for name in letters}))
        self.push("dev", "production")
        return commit

    def reconcile(self, *names: str) -> tuple[Outcome, ...]:
        return reconcile(self.world, names)

    def back(self, *models: str, to: str = "", environment: str = "production") -> Proposal:
        """The way back, made and not pushed."""
        request = Request(environment=environment, models=models, to=to)
        return prepare_rollback(self.world, self.drafts, request)

    def propose(self, *models: str, to: str = "") -> Proposal:
        """The way back with its pull request."""
        return propose(self.world, self.drafts, self.forge, self.back(*models, to=to))

    def merge(self, proposal: Proposal) -> tuple[Outcome, ...]:
        """Somebody merges the pull request, and production is reconciled."""
        git(self.clone, "push", "-q", "origin", f"{proposal.commit}:refs/heads/{proposal.base}")
        return self.reconcile("production")

    def read(self, commit: str | None, path: str) -> str:
        return git(self.clone, "show", f"{commit}:{path}")

    def changed(self, proposal: Proposal) -> list[str]:
        """The paths that the proposal changes in its base."""
        return git(self.clone, "diff", "--name-only", f"origin/{proposal.base}", str(proposal.commit)).split()

    def story(self, model: str = "churn") -> list[str]:
        """Number, kind and letter of each record in production."""
        letters = {digest_of(letter): letter for letter in "abcdef"}
        records = self.world.log.read_records()
        mine = [one for one in records if (one.environment, one.model) == ("production", model)]
        return [f"{one.seq} {one.kind} {letters[one.digest]}" for one in mine]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("HOME", str(tmp_path))
    return House(clone=make_remote(tmp_path))


def test_merging_it_brings_the_old_bytes_back_as_a_rollback(house: House) -> None:
    house.train({"churn": "a"}, churn=1)
    house.commit({"README.md": "ours", ".github/workflows/ci.yml": "new", "metrics.json": '{"accuracy": 0.1}'})
    house.train({"churn": "b"}, churn=2)
    before = git(house.clone, "status", "--porcelain", "--branch")

    proposal = house.propose()

    assert git(house.clone, "status", "--porcelain", "--branch") == before
    assert [(way.live.seq, way.target.seq) for way in proposal.ways] == [(2, 1)]
    assert proposal.branch == "mlops-kit/rollback/production-2"
    assert git(house.clone, "ls-remote", "origin", f"refs/heads/{proposal.branch}").startswith(str(proposal.commit))
    assert "churn b" not in house.read(proposal.commit, "src/churn.py")
    assert house.read(proposal.commit, ".github/workflows/ci.yml") == "new"
    (opened,) = house.forge.pull_requests.values()
    assert (opened.head_branch, opened.base_branch) == (proposal.branch, "production")
    title, body = house.forge.texts[opened.number]
    assert title == f"Roll churn from {SHORT['b']} (#2) to {SHORT['a']} (#1) in production back"
    assert "<code>ada</code>" in body
    assert "revert the merge of this pull request" in body

    (outcome,) = house.merge(proposal)

    assert [change.verb for change in outcome.done] == ["record", "set-alias"]
    assert house.story() == ["1 bootstrap a", "2 promote b", "3 rollback a"]
    assert house.reconcile("production")[0].done == ()


def test_the_same_again_changes_nothing(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    first = house.propose()

    second = house.propose()

    assert second == first
    assert len(house.forge.pull_requests) == 1
    assert len(git(house.clone, "ls-remote", "origin", "refs/heads/mlops-kit/*").splitlines()) == 1


def test_a_base_that_moved_on_replaces_the_branch_and_keeps_the_pull_request(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    first = house.propose()
    house.commit({"NOTES.md": "later"})
    house.push("production")

    second = house.propose()

    assert (second.branch, second.number) == (first.branch, first.number)
    assert second.commit != first.commit
    assert git(house.clone, "rev-parse", f"{second.commit}^") == git(house.clone, "rev-parse", "HEAD")


def test_a_branch_of_that_name_that_a_person_changed_is_left_alone(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    branch = house.back().branch
    git(house.clone, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")

    with pytest.raises(ConflictError, match="not the kit's"):
        house.propose()


def test_jumping_back_two_and_forward_again(house: House) -> None:
    for letter in "abc":
        house.train({"churn": letter})
    house.merge(house.propose(to="#1"))
    assert house.story()[-1] == "4 rollback a"

    house.merge(house.propose())

    assert house.story()[-1] == "5 rollback c"


@pytest.mark.parametrize(
    "to", ["#1", "1", str(digest_of("a")), digest_of("a").value[:6], f"md5:{digest_of('a').short}"]
)
def test_a_version_is_named_by_number_or_digest(house: House, to: str) -> None:
    for letter in "abc":
        house.train({"churn": letter})

    assert house.back(to=to).ways[0].digest == digest_of("a")


@pytest.mark.parametrize(
    ("to", "message"), [("#9", "never had"), ("zzzz", "never had"), ("#2", "runs in production already")]
)
def test_a_version_that_is_none_is_an_input_error_with_the_known_ones(house: House, to: str, message: str) -> None:
    for letter in "ab":
        house.train({"churn": letter})

    with pytest.raises(InputError, match=message) as wrong:
        house.back(to=to)
    assert f"#1 {SHORT['a']}, #2 {SHORT['b']}" in wrong.value.hint


def test_one_of_two_models_of_a_file_goes_back_alone(house: House) -> None:
    house.train({"churn": "a", "price": "c"}, churn=1, price=1)
    house.train({"churn": "b", "price": "d"}, churn=2, price=2)

    proposal = house.back("churn")

    assert proposal.branch == "mlops-kit/rollback/production-churn-2"
    assert house.changed(proposal) == ["dvc.lock", "dvc.yaml", "params.yaml", "src/churn.py"]
    assert house.read(proposal.commit, "params.yaml").startswith("# rates\nchurn:\n  rate: 1\nprice:\n  rate: 2")
    assert house.read(proposal.commit, "dvc.yaml").startswith("# ours\n")
    house.merge(proposal)
    assert house.story("churn")[-1] == "3 rollback a"
    assert house.story("price") == ["1 bootstrap c", "2 promote d"]


def test_without_a_name_the_models_of_the_last_promotion_go_back(house: House) -> None:
    house.train({"churn": "a", "price": "c"})
    house.train({"churn": "b", "price": "c"})
    house.train({"churn": "b", "price": "d"})

    proposal = house.back()

    assert [way.model for way in proposal.ways] == ["price"]


def test_models_that_came_together_go_back_together(house: House) -> None:
    house.train({"churn": "a", "price": "c"})
    house.train({"churn": "b", "price": "d"})

    proposal = house.back()
    house.merge(proposal)

    assert proposal.branch == "mlops-kit/rollback/production-churn-price-2"
    assert (house.story("churn")[-1], house.story("price")[-1]) == ("3 rollback a", "3 rollback c")


def test_models_of_several_files_go_back_each_with_its_own(house: House) -> None:
    for first, second in (("a", "c"), ("b", "d")):
        house.commit(
            pipeline("one", {"churn": first}, {"churn": first}), pipeline("two", {"price": second}, {"price": 1})
        )
        house.push("dev", "production")

    proposal = house.back("churn")

    assert house.changed(proposal) == ["one/dvc.lock", "one/dvc.yaml", "one/params.yaml", "one/src/churn.py"]
    house.merge(proposal)
    assert (house.story("churn")[-1], house.story("price")[-1]) == ("3 rollback a", "2 promote d")


def shared(letters: dict[str, str], script: str) -> dict[str, str]:
    """Two models whose stages read one script."""
    files = pipeline("", letters, dict.fromkeys(letters, 1))
    for name in ("dvc.yaml", "dvc.lock"):
        document = yaml.safe_load(files[name])
        for stage, entry in document["stages"].items():
            path = {"path": "src/all.py", "hash": "md5", "md5": digest_of(script).value, "size": 3}
            entry["deps"] = ["src/all.py"] if name == "dvc.yaml" else [path]
            assert stage in letters
        files[name] = yaml.safe_dump(document, sort_keys=False)
    return {**files, "src/all.py": script}


def test_models_that_share_a_script_cannot_go_back_one_by_one(house: House) -> None:
    house.commit(shared({"churn": "a", "price": "c"}, "old"))
    house.push("dev", "production")
    house.commit(shared({"churn": "b", "price": "d"}, "new"))
    house.push("dev", "production")

    with pytest.raises(RefusedError, match="price would go back too") as refused:
        house.back("churn")

    assert "src/all.py" in str(refused.value)
    assert refused.value.hint == "mlops-kit rollback production churn price"
    house.merge(house.back("churn", "price"))
    assert (house.story("churn")[-1], house.story("price")[-1]) == ("3 rollback a", "3 rollback c")


def test_a_history_of_squashes_and_merges_changes_nothing_about_it(house: House) -> None:
    house.train({"churn": "a"})
    git(house.clone, "checkout", "-q", "-b", "work")
    house.commit(pipeline("", {"churn": "b"}, {"churn": 2}))
    git(house.clone, "checkout", "-q", "-")
    git(house.clone, "merge", "-q", "--no-ff", "-m", "merge", "work")
    house.push("dev", "production")
    git(house.clone, "checkout", "-q", "-b", "more")
    house.commit(pipeline("", {"churn": "c"}, {"churn": 3}))
    git(house.clone, "checkout", "-q", "-")
    git(house.clone, "merge", "-q", "--squash", "more")
    git(house.clone, "commit", "-q", "-m", "squashed")
    house.push("dev", "production")

    house.merge(house.propose(to="1"))

    assert house.story() == ["1 bootstrap a", "2 promote b", "3 promote c", "4 rollback a"]


def test_a_fresh_shallow_clone_of_another_branch_goes_back_too(house: House, tmp_path: Path) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    git(tmp_path, "clone", "-q", "--depth=1", "--branch", "dev", f"file://{house.clone.parent}/origin.git", "shallow")
    fresh = replace(house, clone=tmp_path / "shallow")

    assert fresh.back().commit == house.back().commit


def test_bytes_that_are_gone_are_refused(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    house.artifacts.missing.add(digest_of("a"))

    with pytest.raises(RefusedError, match="not in the DVC remote any more: churn md5:"):
        house.back()


def test_a_branch_that_asks_for_it_already_needs_no_pull_request(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    git(house.clone, "push", "-q", "origin", f"{house.propose().commit}:refs/heads/production")

    proposal = house.propose()

    assert proposal.commit is None
    assert render_rollback(proposal).startswith("production asks for this already: mlops-kit reconcile production\n")


def test_a_held_model_is_told(house: House) -> None:
    house.train({"churn": "a"})
    commit = house.train({"churn": "b"})
    world = house.world
    hold = Note(
        model=ModelName("churn"),
        environment=world.log.read_records()[0].environment,
        seq=1,
        kind=NoteKind.HOLD,
        commit=world.git.resolve(commit),
        reason="audit",
        actor="roy",
        recorded_at=world.clock.now(),
    )
    world.log.append_note(replace(hold, environment=house.world.log.read_records()[-1].environment))

    assert "note: churn is held in production by roy: audit; merging moves nothing" in render_rollback(house.back())


def test_rollback_explains_pull_requests_without_checks(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})

    proposal = house.propose()

    assert proposal.is_quiet
    assert "GitHub starts no workflow for such a pull request" in render_rollback(proposal)
    assert "GitHub starts no workflow" in house.forge.texts[1][1]


def test_a_persons_token_needs_no_such_words(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    house.forge.login = "ada"

    assert "starts no workflow" not in render_rollback(house.propose())
    assert "starts no workflow" not in house.forge.texts[1][1]


def test_a_forge_that_opens_none_for_workflows_says_what_to_do(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    house.forge.failures.append(RefusedError("GitHub Actions is not permitted to create or approve pull requests."))

    with pytest.raises(RefusedError, match=r"the branch mlops-kit/rollback/production-2 is pushed, but"):
        house.propose()
    assert house.propose().number == 1


def test_the_printed_command_pushes_what_was_made(house: House) -> None:
    for letter in "ab":
        house.train({"churn": letter})
    document = json.loads(rollback_json(house.back()))

    (command,) = document["commands"]
    git(house.clone, *command.split()[1:])

    listed = git(house.clone, "ls-remote", "origin", f"refs/heads/{document['branch']}")
    assert listed.startswith(document["commit"])
    assert document["models"] == [
        {
            "model": "churn",
            "from": {"seq": 2, "digest": str(digest_of("b"))},
            "to": {"seq": 1, "digest": str(digest_of("a"))},
        }
    ]


def test_a_first_version_has_nothing_to_go_back_to(house: House) -> None:
    house.train({"churn": "a"})

    with pytest.raises(InputError, match="has had no other version in production"):
        house.back()
    with pytest.raises(InputError, match="has no model 'price'"):
        house.back("price")
    with pytest.raises(InputError, match="is not an environment"):
        house.back(environment="live")


def test_where_files_say_what_runs_the_file_goes_back(house: House) -> None:
    house.config = BY_FILE
    path = "environments/production.lock.json"
    for letter in "ab":
        commit = house.commit(pipeline("", {"churn": letter, "price": "c"}, {"churn": letter, "price": 1}))
        versions = {
            name: {"digest": str(digest_of(bytes_)), "commit": commit}
            for name, bytes_ in (("churn", letter), ("price", "c"))
        }
        house.commit({path: json.dumps({"version": 1, "models": versions})})
        git(house.clone, "push", "-q", "origin", "HEAD:refs/heads/main")
        house.reconcile("production")

    proposal = house.propose("churn")

    assert (proposal.base, house.changed(proposal)) == ("main", [path])
    git(house.clone, "push", "-q", "origin", f"{proposal.commit}:refs/heads/main")
    assert house.propose("churn").commit is None
    house.reconcile("production")
    assert (house.story("churn")[-1], house.story("price")) == ("3 rollback a", ["1 bootstrap c"])
