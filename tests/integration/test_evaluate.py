"""The live model and the candidate on the same data: real git, real DVC with a remote, real processes."""

import io
import json
import shutil
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs, read_inputs
from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.faults.stage import git, git_environment, make_remote
from tests.integration.counter import FOLDER, Counter, make_counter
from tests.integration.test_commit_hostile import put_file

FILE = "evaluations/dev/churn.json"
PIPELINE = """
stages:
  train:
    cmd: python3 train.py
    deps: [train.py]
    params: [slope]
    outs: [models/churn.json]
  predict:
    cmd: python3 predict.py
    deps: [predict.py, models/churn.json, data/test.csv]
    outs: [preds.csv]
  evaluate:
    cmd: python3 score.py
    deps: [score.py, preds.csv, data/test.csv]
    outs: [rows.csv: {cache: false}]
    metrics: [m.json: {cache: false}]
artifacts:
  churn: {path: models/churn.json, type: model}
"""
CONFIG = """
version: 1
registry: {kind: none}
metrics: {mae: {goal: minimize}}
environments:
  dev: {branch: dev, gates: [{metric: mae, max-rise: 0.1, against: live}]}
evaluate:
  churn: {stage: evaluate, rows: rows.csv}
"""
COMMAND = """  churn:
    command: python3 alone.py {model} {data} {metrics}
    data: data/test.csv
    metrics: m.json
"""
SCRIPTS = {
    "train.py": """\
import json, pathlib, re
slope = float(re.search(r"slope: (.*)", open("params.yaml").read())[1])
pathlib.Path("models").mkdir(exist_ok=True)
json.dump({"slope": slope}, open("models/churn.json", "w"))
""",
    "predict.py": """\
import json
slope = json.load(open("models/churn.json"))["slope"]
lines = open("data/test.csv").read().split()[1:]
open("preds.csv", "w").write("\\n".join(str(slope * float(line.split(",")[0])) for line in lines))
""",
    "score.py": """\
import json
truth = [float(line.split(",")[1]) for line in open("data/test.csv").read().split()[1:]]
errors = [abs(float(found) - true) for found, true in zip(open("preds.csv").read().split(), truth)]
open("rows.csv", "w").write("mae\\n" + "\\n".join(map(str, errors)) + "\\n")
json.dump({"mae": round(sum(errors) / len(errors), 6)}, open("m.json", "w"))
""",
    "alone.py": """\
import json, sys
slope = json.load(open(sys.argv[1]))["slope"]
pairs = [list(map(float, line.split(","))) for line in open(sys.argv[2]).read().split()[1:]]
json.dump({"mae": sum(abs(slope * x - y) for x, y in pairs) / len(pairs)}, open(sys.argv[3], "w"))
""",
}


def table(slope: float) -> str:
    """Forty points on a line; a model with its slope makes no error."""
    return "x,y\n" + "\n".join(f"{x},{slope * x}" for x in range(1, 41)) + "\n"


class Shop:
    """A clone with a remote and a DVC remote, the command line in it, and what that printed."""

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        known = read_inputs()
        self.inputs = replace(
            known,
            variables={**git_environment(clone), "PATH": known.variables["PATH"]},
            folder=clone,
            on_actions=False,
            repository="",
            tracking_uri="",
            event_name="",
        )
        self.output = self.errors = ""

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, *words: str, code: int = 0) -> str:
        """Run the kit and expect an exit code; what it printed."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            found = run(list(words), self.inputs)
        self.output, self.errors = out.getvalue(), err.getvalue()
        assert found == code, self.output + self.errors
        return self.output

    def train(self, *, slope: float, data: float) -> None:
        """A model and data with these slopes, reproduced and pushed to the DVC remote; nothing is committed."""
        self.write(**{"params.yaml": f"slope: {slope}\n", "data/test.csv": table(data)})
        with Repo(str(self.clone)) as repo:
            repo.add("data/test.csv")
        self.run("reproduce", "--push", "--no-track")

    def merge(self, message: str) -> None:
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "-m", message)
        git(self.clone, "push", "-q", "origin", "HEAD:refs/heads/dev")
        git(self.clone, "fetch", "-q", "origin")

    def scores(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.clone / FILE).read_text())
        return found


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dev runs a model of slope 2, measured on data of slope 2; the work tree has one of slope 2.5, on data of 3."""
    top = tmp_path_factory.mktemp("template")
    clone = make_remote(top)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(top))
        patch.chdir(clone)
        Repo.init(str(clone)).close()
        made = Shop(clone)
        made.write(**{"dvc.yaml": PIPELINE, "mlops.yaml": CONFIG, **SCRIPTS})
        made.write(**{".dvc/config": "[core]\n    remote = s\n['remote \"s\"']\n    url = ../../store\n"})
        git(clone, "remote", "set-url", "origin", f"../{Path(git(clone, 'remote', 'get-url', 'origin')).name}")
        made.train(slope=2, data=2)
        made.merge("the first")
        made.run("reconcile", "dev")
        made.train(slope=2.5, data=3)
    return clone


@pytest.fixture
def shop(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A copy of the template with all that belongs to it."""
    shutil.copytree(template.parent, tmp_path / "shop", symlinks=True)
    clone = tmp_path / "shop" / template.name
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(clone)
    return Shop(clone)


def test_both_are_scored_on_the_new_data_and_the_gates_compare_that(shop: Shop) -> None:
    shutil.rmtree(shop.clone / ".dvc/cache")
    before = git(shop.clone, "status", "--porcelain")
    report = json.loads(shop.run("report", "--base", "dev", "--format", "json"))
    assert [gate["answer"] for gate in report["gates"]] == ["fail"]
    assert any("is not scored beside the live model: there is no evaluations" in note for note in report["notes"])

    shop.run("evaluate", "--base", "dev")
    assert "predict of the live model" in shop.errors
    found = shop.scores()
    (score,) = found["scores"]
    assert (score["path"], score["key"], score["live"], score["candidate"]) == ("m.json", "mae", 20.5, 10.25)
    assert score["low"] < -10.25 < score["high"] < 0
    assert score["rows"] == 40
    assert [one["path"] for one in found["inputs"]] == ["data/test.csv", "predict.py", "score.py"]
    assert git(shop.clone, "status", "--porcelain") == f"{before}\n?? evaluations/"
    assert list((shop.clone / ".dvc/tmp/mlops-kit").glob("mlops-kit-*")) == []

    report = json.loads(shop.run("report", "--base", "dev", "--format", "json"))
    (gate,) = report["gates"]
    assert gate["answer"] == "pass"
    assert "no rise from 20.5 is within the allowed 0.1 on the same data" in gate["message"]
    assert report["evaluations"] == [found]
    text = shop.run("report", "--base", "dev", "--format", "markdown")
    assert "| <code>mae</code> | 20.5 | 10.25 | -10.25 |" in text

    shop.run("evaluate", "--base", "dev")
    assert shop.errors == "mlops-kit: scored before: churn; --force scores again\n"
    shop.run("evaluate", "--base", "dev", "--force")
    assert "predict of the candidate" in shop.errors
    assert shop.scores() == found


def test_what_was_merged_with_the_version_counts_at_its_promotion_until_data_or_live_are_others(shop: Shop) -> None:
    shop.merge("without")
    assert "a rise of 10.25 from 0 is over the allowed 0.1" in shop.run("reconcile", "dev", code=4)
    shop.run("evaluate", "--base", "dev")
    shop.merge("with")
    shop.run("reconcile", "dev")
    assert "on the same data" in json.dumps(json.loads(shop.run("history", "--format", "json")))
    shop.run("evaluate", "--base", "dev")
    assert "not scored, the candidate is what is live in dev" in shop.output

    shop.train(slope=1, data=3)
    report = json.loads(shop.run("report", "--base", "dev", "--format", "json"))
    assert any("is of something else (the live model is md5:" in note for note in report["notes"])
    assert [gate["answer"] for gate in report["gates"]] == ["fail"]


def test_a_command_scores_by_paths_alone_and_a_first_version_has_nothing_beside_it(shop: Shop) -> None:
    config = CONFIG.partition("  churn:")[0] + COMMAND
    shop.write(**{"mlops.yaml": config})
    git(shop.clone, "stash", "-q")
    shop.write(**{"mlops.yaml": config})
    shop.merge("a command")
    git(shop.clone, "checkout", "-q", "--", ".")
    git(shop.clone, "stash", "pop", "-q")
    found = json.loads(shop.run("evaluate", "--base", "dev", "--format", "json"))
    (evaluation,) = found["evaluations"]
    (score,) = evaluation["scores"]
    assert (score["live"], score["candidate"], score["rows"]) == (20.5, 10.25, 0)
    assert evaluation["lines"] == ["python3 alone.py ./models/churn.json ./data/test.csv ./m.json"]
    assert [one["path"] for one in evaluation["inputs"]] == ["alone.py", "data/test.csv"]

    git(shop.clone, "push", "-q", "origin", ":refs/tags/mlops/churn/dev/000001")
    git(shop.clone, "tag", "-d", "mlops/churn/dev/000001")
    assert "churn: not scored, nothing is live in dev yet" in shop.run("evaluate", "--base", "dev")


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("print('no such column'); raise SystemExit(3)", 7, "exit status 3: > python3 score.py / no such column"),
        ("pass", 7, "scoring the live model wrote no m.json"),
        ("open('m.json', 'w').write('{')", 7, "scoring the live model wrote a broken metrics file"),
        ("open('m.json', 'w').write('{}')", 7, "scoring the live model wrote no rows.csv"),
        ("import os; os.symlink('/etc/hostname', 'm.json')", 6, "symbolic link"),
    ],
)
def test_a_script_that_fails_is_told_with_its_last_lines_and_nothing_is_written(
    shop: Shop, script: str, code: int, said: str
) -> None:
    shop.write(**{"score.py": script})
    for name in ("m.json", "rows.csv"):
        (shop.clone / name).unlink()
    shop.run("evaluate", "--base", "dev", code=code)
    assert said in shop.errors
    assert not (shop.clone / "evaluations").exists()


def test_rows_that_cannot_be_paired_and_scores_that_are_no_numbers_are_said(shop: Shop) -> None:
    shop.write(**{"score.py": SCRIPTS["score.py"].replace('"mae\\n" +', '"mae\\n" + "0\\n" * (errors[0] > 0.9) +')})
    shop.run("evaluate", "--base", "dev")
    assert "mae has no interval: rows cannot be paired: 41 of the live model, 40 of the candidate" in shop.output
    shop.write(**{"score.py": "open('m.json', 'w').write('{\"mae\": NaN}'); open('rows.csv', 'w').write('mae\\n')"})
    shop.run("evaluate", "--base", "dev")
    report = json.loads(shop.run("report", "--base", "dev", "--format", "json"))
    (gate,) = report["gates"]
    assert gate["answer"] == "not-evaluable"
    assert "the live model, scored on the same data" in gate["message"]


def test_lost_bytes_a_wrong_name_and_a_privileged_event_are_refused(shop: Shop) -> None:
    shop.run("evaluate", "chrun", "--base", "dev", code=2)
    assert "did you mean churn?" in shop.errors
    shop.inputs = replace(shop.inputs, event_name="pull_request_target")
    shop.run("evaluate", "--base", "dev", code=6)
    shop.inputs = replace(shop.inputs, event_name="pull_request")
    shutil.rmtree(shop.clone / ".dvc/cache")
    shutil.rmtree(shop.clone.parent / "store")
    shop.run("evaluate", "--base", "dev", code=4)
    assert "are nowhere" in shop.errors


REVIEWED = """
stages:
  train: {cmd: cp params.yaml model, params: [rate], outs: [model: {cache: false}]}
  evaluate:
    cmd: sed 's/rate/{"rate"/;s/$/}/' model > m.json
    deps: [model, data]
    metrics: [m.json: {cache: false}]
artifacts:
  clf: {path: model, type: model}
"""
REVIEW_POLICY = """
version: 1
registry: {kind: none}
environments: {main: {branch: main, gates: [{metric: rate, max-rise: 5, against: live}]}}
evaluate: {clf: {stage: evaluate}}
"""


def call(root: Path, variables: Mapping[str, str], *words: str) -> int:
    return run(list(words), parse_inputs(variables, folder=root, terminal=False))


def review(at: Counter) -> ExitCode:
    """The jobs that reproduce and commit."""
    at.runner.git("fetch", "--quiet", "--tags")
    assert at.reproduce() is ExitCode.DONE
    words = ("evaluate", "--base", "origin/main", "--hand-over", FOLDER)
    assert call(at.runner.root, at.plain_variables, *words) == 0
    at.carry()
    return at.commit()


def test_the_file_goes_to_the_branch_with_the_lock_and_only_once(github: FakeGitHub, tmp_path: Path) -> None:
    counter = make_counter(github, tmp_path, policy=REVIEW_POLICY, pipeline=REVIEWED)
    trusted, path = counter.trusted.root, "evaluations/main/clf.json"
    assert call(trusted, {**counter.plain_variables, "GITHUB_ACTOR": "ada"}, "reconcile", "main") == 0

    assert review(counter) is ExitCode.DONE
    assert counter.changed() == ["dvc.lock", path, "m.json", "model"]
    found = json.loads(git(counter.origin, "show", f"feature:{path}"))
    assert [(one["live"], one["candidate"]) for one in found["scores"]] == [(1, 2)]

    again = counter.at_new_head()
    assert review(again) is ExitCode.DONE
    assert (again.branch(), again.outputs()["lock"]) == (again.head, "unchanged")

    file = str(trusted / "report.json")
    words = ("report", "--base", "origin/main", "--format", "json", "--output", file)
    assert call(again.runner.root, again.plain_variables, *words) == 0
    assert call(trusted, again.variables, "comment", "report.json") == 0
    (comment,) = github.comments.values()
    assert "| <code>rate</code> | 1 | 2 | +1 |" in str(comment["body"])
    assert "is within the allowed 5 on the same data" in str(comment["body"])

    (trusted / FOLDER / "files").mkdir()
    put_file(trusted / FOLDER, path, json.dumps({**found, "notes": ["scored at another time"]}).encode())
    assert (again.commit(), again.outputs()["lock"]) == (ExitCode.DONE, "unchanged")
    put_file(trusted / FOLDER, path, json.dumps({**found, "model": "other"}).encode())
    assert (again.commit(), again.branch()) == (ExitCode.INTEGRITY, again.head)
