"""`mlops-kit drift` on real git, DVC and DuckDB: what it finds, prints, and keeps an issue about."""

import io
import json
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import pytest

from mlops_kit import wiring
from mlops_kit.adapters.github.issues import connect_issues
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.commands.alarm import Alarm, raise_alarm
from mlops_kit.core.drift.report import DataSide, DriftAnswer, DriftReport, parse_drift
from mlops_kit.core.errors import OutsideError, RefusedError
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName, PromotionKind, PromotionRecord
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import WRITE_ALL, Account
from tests.integration.dvc_project import Project, make_project
from tests.integration.s3_server import serve_s3

TOKEN, KIT = "token-of-the-kit", "github-actions[bot]"
PRODUCTION = EnvironmentName("production")
QUICK = Patience(timeout=5, tries=3, deadline=20, pause=0.01, limit_pause=0.01, between_writes=0)
CONFIG = """
version: 1
environments: {production: {branch: production}}
drift: {data: [data/train.csv], ignore: [day]}
"""


def rows(count: int, *, shift: float = 0.0, seed: int = 1) -> str:
    """A table with a number that moves by so many deviations, a category, and a column that is not judged."""
    made = random.Random(seed)  # noqa: S311 - made-up data
    lines = [
        f"{made.gauss(50 + 10 * shift, 10):.3f},{made.choice('abc')},2026-01-{1 + number % 28:02}"
        for number in range(count)
    ]
    return "\n".join(["amount,kind,day", *lines, ""])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Data that the live model was trained on, then as it is now on the branch, and as it arrives."""
    folder = tmp_path_factory.mktemp("drift")
    found = make_project(folder / "p", {"mlops.yaml": CONFIG}, site=folder / "site")
    track(found, rows(1500))
    live = found.git("rev-parse", "HEAD").strip()
    promote(found, live)
    track(found, rows(900, seed=2))
    found.write({"in/one.csv": rows(400, shift=1, seed=3), "in/two.csv": rows(400, shift=1, seed=4)})
    found.write({"few.csv": rows(40, seed=5), "broken.csv": "amount,kind\nn/a,a\n" + "x,b\n" * 600})
    return found


def track(project: Project, text: str) -> None:
    project.write({"data/train.csv": text})
    with project.opened() as repo:
        repo.add(["data/train.csv"])
    project.commit()


def promote(project: Project, commit: str) -> None:
    log = wiring.open_log(wiring.open_git(project.root, os.environ))
    digest = Digest(algorithm="md5", value="0" * 32)
    log.append_record(
        PromotionRecord(
            model=ModelName("churn"), environment=PRODUCTION, seq=1, digest=digest, sha256="0" * 64, recipe="",
            previous=None, kind=PromotionKind.PROMOTE, commit=CommitSha(commit),
        )
    )  # fmt: skip


def call(project: Project, *words: str, code: int = 0, more: Mapping[str, str] | None = None) -> str:
    """Run `mlops-kit drift` and expect an exit code; what it printed, errors where it is wrong."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "GITHUB"))}
    inputs = parse_inputs({**inherited, **(more or {})}, folder=project.root, terminal=False)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        found = run(["drift", *words], inputs)
    assert found == code, err.getvalue()
    return out.getvalue() or err.getvalue()


def judge(project: Project, *words: str, code: int = 0) -> dict[str, Any]:
    text = call(project, *words, "--format", "json", code=code)
    parse_drift(text.encode(), file="drift.json")
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_reference_is_what_the_live_model_had_and_the_current_one_what_the_work_tree_records(
    project: Project,
) -> None:
    found = judge(project)
    assert (found["verdict"], found["drifted"]) == ("ok", False)
    assert found["reference"]["name"] == "data/train.csv of what is live in production"
    assert (found["reference"]["rows"], found["current"]["rows"]) == (1500, 900)
    assert found["reference"]["digest"] != found["current"]["digest"]
    assert found["current"]["digest"].startswith("md5:")
    assert {column["name"] for column in found["columns"]} == {"amount", "kind"}


def test_a_folder_of_tables_that_moved_is_drift(project: Project) -> None:
    found = judge(project, "--current", "in", "--exit-code", code=3)
    assert (found["verdict"], found["drifted"]) == ("fail", True)
    assert found["current"] == {"name": "in", "digest": "", "rows": 800}
    assert {column["name"]: column["answer"] for column in found["columns"]} == {"amount": "fail", "kind": "ok"}


def test_a_revision_is_compared_with_another(project: Project) -> None:
    found = judge(project, "data/train.csv", "--reference", "HEAD", "--current", "HEAD~1")
    assert (found["reference"]["rows"], found["current"]["rows"]) == (900, 1500)


def test_too_few_rows_and_broken_data_are_answers_of_their_own(project: Project) -> None:
    assert judge(project, "--current", "few.csv", "--exit-code")["verdict"] == "inconclusive"
    broken = judge(project, "--current", "broken.csv", "--exit-code", code=4)
    assert [(one["column"], one["rule"]) for one in broken["violations"]] == [("amount", "type")]
    assert not broken["drifted"]


def test_rules_are_proposed_and_then_hold(project: Project, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    proposed = call(project, "--infer-schema")
    assert '    allowed:\n      - "a"\n' in proposed
    call(project, "--infer-schema", "--output", str(rules))
    assert rules.read_text() == proposed
    copy = project.clone(tmp_path / "clone")
    copy.write({"rules.yaml": proposed, "mlops.yaml": f"{CONFIG.rstrip()[:-1]}, rules: rules.yaml}}\n"})
    copy.write({"new.csv": rows(900, seed=8).replace(",a,", ",<z>,")})
    words = ("--current", "new.csv")
    (copy.root / ".dvc" / "cache").symlink_to(project.root / ".dvc" / "cache")
    found = judge(copy, *words, "--exit-code", code=4)
    (broken,) = found["violations"]
    assert (broken["column"], broken["rule"], broken["examples"]) == ("kind", "allowed", ["<z>"])
    assert broken["rows"] > 200
    assert not found["drifted"]
    copy.write({"rules.yaml": "version: 1\ncolumns: {kind: {alowed: [a]}}\n"})
    assert "rules.yaml:2" in call(copy, *words, code=2)


def test_a_data_set_that_the_cache_lost_is_an_error_that_says_where_it_should_be(
    project: Project, tmp_path: Path
) -> None:
    clone = project.clone(tmp_path / "clone")
    assert "is neither in the DVC cache here nor in the DVC remote" in call(clone, code=5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope.csv"], "there is no such data"),
        (["--reference", "live:staging"], "'staging' is not an environment"),
        (["--reference", "nonsense"], "'nonsense' is not a revision"),
        (["--current", "nonsense"], "'nonsense' is not a revision"),
        (["--current", "mlops.yaml"], "is no table by its name"),
        (["--issue"], "--issue is kept for an environment"),
        (["--environment", "production", "--reference", "live:production"], "say the same"),
        (["--current", "s3://user:password@bucket/x"], "holds a name or a password"),
    ],
)
def test_a_wrong_question_is_refused_by_name(project: Project, words: list[str], message: str) -> None:
    told = call(project, *words, code=2)
    assert message in told
    assert "password@" not in told


def test_data_at_an_address_is_fetched_and_judged(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    with serve_s3(tmp_path) as server:
        variables = {**server.variables, "AWS_ENDPOINT_URL": server.url}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        storage = s3fs.S3FileSystem(endpoint_url=server.url, skip_instance_cache=True)
        storage.pipe({f"live/predictions/{name}.csv": rows(300, shift=1, seed=ord(name)).encode() for name in "ab"})
        storage.pipe({"live/predictions/_SUCCESS": b""})
        found = judge(project, "--current", "s3://live/predictions/")
        assert (found["verdict"], found["current"]["rows"]) == ("fail", 600)
        assert "there is no table" in call(project, "--current", "s3://live/nothing/", code=2)


def test_every_format_is_written(project: Project, tmp_path: Path) -> None:
    page = tmp_path / "drift.html"
    call(project, "--current", "in", "--format", "html", "--output", str(page))
    assert page.read_text().count("<svg") == 2
    assert "### ✗ Data drift: fail" in call(project, "--current", "in", "--format", "markdown")
    metrics = call(project, "--current", "in", "--format", "prometheus", "--environment", "production")
    assert 'mlops_kit_drift_verdict{environment="production",data="in"} 3' in metrics


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts = {TOKEN: Account(login=KIT)}
    marker = "<!-- mlops-kit:drift:production -->"
    fake.add_issue(3, title="a person's", body=marker, author="ada")
    fake.add_issue(4, title="a pull request", body=marker, author=KIT, is_pull_request=True)
    with fake.serve():
        yield fake


def own(github: FakeGitHub) -> list[tuple[int, str, str]]:
    """Number, state and title of the kit's own issues."""
    return [(number, one["state"], one["title"]) for number, one in sorted(github.issues.items()) if number > 4]


def test_one_issue_follows_the_environment(project: Project, github: FakeGitHub) -> None:
    more = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": "acme/churn", "MLOPS_KIT_TOKEN": TOKEN}
    words = ("--environment", "production", "--issue", "--current")
    call(project, *words, "few.csv", more=more)
    assert not own(github)
    call(project, *words, "in", more=more)
    assert own(github) == [(5, "open", "Data of production has drifted")]
    before = github.writes()
    call(project, *words, "in", more=more)
    assert github.writes() == before
    call(project, *words, "broken.csv", more=more)
    assert own(github) == [(5, "open", "Data of production is not valid")]
    call(project, *words, "HEAD", more=more)
    assert own(github) == [(5, "closed", "Data of production")]
    call(project, *words, "in", more=more)
    assert own(github)[1:] == [(6, "open", "Data of production has drifted")]
    assert github.issues[3]["state"] == github.issues[4]["state"] == "open"


def drifted() -> DriftReport:
    side = DataSide(name="x.csv", digest="", rows=1)
    return DriftReport(verdict=DriftAnswer.FAIL, drifted=True, message="it moved", reference=side, current=side)


@pytest.mark.parametrize("fault", [{"reset": True}, {"status": 502}], ids=str)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_may_have_opened_the_issue_never_opens_two(
    github: FakeGitHub, fault: dict[str, Any], when: str
) -> None:
    issues = connect_issues("acme/churn", api_url=github.url, token=TOKEN, patience=QUICK)
    github.fail(Fault(method="POST", path="/issues", when=when, **fault))
    for _ in range(2):
        with suppress(OutsideError):
            raise_alarm(drifted(), PRODUCTION, issues)
    assert [state for _, state, _ in own(github)] == ["open"]


def test_of_two_issues_of_one_environment_the_older_one_stays(github: FakeGitHub) -> None:
    issues = connect_issues("acme/churn", api_url=github.url, token=TOKEN, patience=QUICK)
    raise_alarm(drifted(), PRODUCTION, issues)
    github.add_issue(9, title="again", body=str(github.issues[5]["body"]), author=KIT)
    assert raise_alarm(drifted(), PRODUCTION, issues) is Alarm.UNCHANGED
    assert [state for _, state, _ in own(github)] == ["open", "closed"]
    assert github.issues[9]["state_reason"] == "not_planned"


def test_a_token_that_may_write_no_issue_is_told_which_permission_lacks(github: FakeGitHub) -> None:
    github.accounts[TOKEN] = Account(login=KIT, permissions=WRITE_ALL - {"issues: write"})
    issues = connect_issues("acme/churn", api_url=github.url, token=TOKEN, patience=QUICK)
    with pytest.raises(RefusedError) as found:
        raise_alarm(drifted(), PRODUCTION, issues)
    assert "issues: read" in found.value.hint
