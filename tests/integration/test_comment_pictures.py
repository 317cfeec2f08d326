"""`mlops-kit comment --pictures` and `--prune` against the fake GitHub, with plots drawn by Vega."""

import hashlib
import html
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from mlops_kit.adapters.github.pictures import connect_pictures, web_address
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.core.errors import ConflictError, ExitCode, InputError, RefusedError
from mlops_kit.core.ports import Pictures
from mlops_kit.core.review.pictures import parse_album
from mlops_kit.core.review.plots import Image, PlotKind, PlotRow, Series
from mlops_kit.core.review.report import parse_report, report_json
from mlops_kit.core.types import CommitSha
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_git import Commit, TreeEntry
from tests.fakes.github_routes import WRITE_ALL, Account
from tests.fakes.github_shapes import Json
from tests.integration.desk import KIT, POLICY, TOKEN, Desk, git, make_desk

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
FILE = f"{hashlib.sha256(PNG).hexdigest()}.png"
BRANCH = "heads/mlops-kit/pictures/7"
QUICK = Patience(timeout=5, tries=4, deadline=20, pause=0.01, longest_pause=0.05, limit_pause=0.02, between_writes=0)
GIT = "/repos/acme/churn/git"


@pytest.fixture
def desk(github: FakeGitHub, tmp_path: Path) -> Desk:
    desk = make_desk(github, tmp_path)
    write_plots(desk, loss=0.5)
    return desk


def write_plots(desk: Desk, *, loss: float) -> None:
    """A report with a line and a photo, and the photo beside it."""
    report = parse_report(desk.write_report(0.85).read_bytes(), file="report.json")
    lines = tuple(
        Series(side="head" if is_head else "base", points=tuple((step, value / (step + 1)) for step in range(9)))
        for is_head, value in ((False, 0.9), (True, loss))
    )
    plots = (
        PlotRow(
            path="loss.csv", title="loss", kind=PlotKind.LINEAR, change="changed", x="step", y="loss", series=lines
        ),
        PlotRow(path="cm.png", title="cm", kind=PlotKind.IMAGE, change="new", images=(Image(side="head", file=FILE),)),
    )
    (desk.folder / "report.json").write_text(report_json(replace(report, plots=plots)))
    (desk.folder / "pictures").mkdir(exist_ok=True)
    (desk.folder / "pictures" / FILE).write_bytes(PNG)


def addresses(desk: Desk) -> list[str]:
    (body,) = desk.bodies()
    return sorted(set(re.findall(r"http://127[^\s)\"]*/raw/[^\s)\"]*", body)))


def git_writes(desk: Desk) -> list[str]:
    return [write for write in desk.github.writes() if "/git/" in write]


def test_the_comment_links_to_a_drawing_and_an_image(desk: Desk) -> None:
    assert desk.comment("--pictures", "pictures") is ExitCode.DONE

    contents = []
    for address in addresses(desk):
        with urlopen(address, timeout=5) as answer:
            contents.append(answer.read())
    assert len(contents) == 2
    assert PNG in contents
    assert any(content.startswith(b"<svg") for content in contents)


def test_the_branch_holds_one_commit_with_nothing_before_it(desk: Desk) -> None:
    for loss in (0.5, 0.4):
        write_plots(desk, loss=loss)
        desk.comment("--pictures", "pictures")

    album = parse_album(desk.bodies()[0])
    assert album is not None
    assert desk.github.refs == {BRANCH: album.commit}
    commit = desk.github.objects.commits[album.commit]
    assert commit.parents == ()
    assert sorted(desk.github.objects.trees[commit.tree]) == sorted([*album.names, "README.md"])


def test_publishing_takes_a_call_each_for_tree_commit_and_branch_and_one_for_each_image(desk: Desk) -> None:
    desk.comment("--pictures", "pictures")
    write_plots(desk, loss=0.4)
    desk.github.log.clear()

    desk.comment("--pictures", "pictures")

    assert git_writes(desk) == [
        f"POST {GIT}/blobs", f"POST {GIT}/trees", f"POST {GIT}/commits", f"PATCH {GIT}/refs/{BRANCH}",
    ]  # fmt: skip


def test_the_same_report_again_publishes_nothing_and_asks_once(desk: Desk) -> None:
    desk.comment("--pictures", "pictures")
    desk.github.log.clear()

    assert desk.comment("--pictures", "pictures") is ExitCode.DONE

    assert [call for call in desk.github.calls() if "/git/" in call] == [f"GET {GIT}/ref/{BRANCH}"]
    assert not [write for write in desk.github.writes() if "comments" in write]


def test_three_plots_take_twelve_calls_and_six_when_nothing_changed(desk: Desk) -> None:
    report = parse_report((desk.folder / "report.json").read_bytes(), file="report.json")
    line = report.plots[0]
    lines = tuple(replace(line, path=f"{name}.csv", title=name) for name in ("loss", "recall", "time"))
    (desk.folder / "report.json").write_text(report_json(replace(report, plots=lines)))
    desk.comment("--begin")
    desk.github.log.clear()
    assert desk.comment("--pictures", "pictures") is ExitCode.DONE
    assert len(addresses(desk)) == 3
    assert len(desk.github.calls()) <= 12

    desk.github.log.clear()
    assert desk.comment("--pictures", "pictures") is ExitCode.DONE
    assert len(desk.github.calls()) <= 6


def test_without_the_option_nothing_is_published(desk: Desk) -> None:
    assert desk.comment() is ExitCode.DONE

    assert (git_writes(desk), addresses(desk)) == ([], [])


def test_the_policy_of_the_base_turns_pictures_off(desk: Desk) -> None:
    (desk.folder / "mlops.yaml").write_text(f"{POLICY}review: {{pictures: false}}\n")
    git(desk.folder, "commit", "--quiet", "--all", "-m", "no pictures")
    desk.github.add_pull_request(7, head=desk.head, base=git(desk.folder, "rev-parse", "HEAD"))

    assert desk.comment("--pictures", "pictures", "--pull-request", "7") is ExitCode.DONE
    assert git_writes(desk) == []


def test_without_the_right_to_write_contents_the_comment_comes_without_pictures(desk: Desk) -> None:
    desk.github.accounts[TOKEN] = Account(login=KIT, permissions=WRITE_ALL - {"contents: write"})

    assert desk.comment("--pictures", "pictures") is ExitCode.DONE

    assert addresses(desk) == []
    (note,) = [line for line in html.unescape(desk.bodies()[0]).splitlines() if "not shown as pictures" in line]
    assert note.endswith("the token needs the permission `contents: write`")


@pytest.fixture
def pictures(github: FakeGitHub) -> Pictures:
    return connect_pictures(
        "acme/churn", api_url=github.url, server_url="", token=TOKEN, report_id="report", patience=QUICK
    )


@pytest.mark.parametrize("path", ["/git/trees$", "/git/commits$", "/git/refs", "/git/blobs$"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_one_bad_gateway_changes_nothing_of_the_result(
    github: FakeGitHub, pictures: Pictures, path: str, when: str
) -> None:
    github.fail(Fault(method="POST", path=path, when=when))

    commit = pictures.publish(7, {FILE: PNG})

    assert github.refs == {BRANCH: commit}
    assert list(github.objects.commits) == [commit]


@pytest.mark.parametrize("raw", ["<html>", "null", "[]", '{"sha": 7}', '{"sha": "abc"}', '{"sha": "' + "g" * 40 + '"}'])
def test_an_answer_that_names_no_commit_is_not_believed(github: FakeGitHub, pictures: Pictures, raw: str) -> None:
    github.fail(Fault(method="POST", path="/git/(trees|commits)$", when="after", status=201, raw=raw, n=2))

    commit = pictures.publish(7, {FILE: PNG})

    assert github.refs == {BRANCH: commit}


@pytest.mark.parametrize("raw", ["null", "{}", '{"object": {"sha": "HEAD"}}', '{"object": []}'])
def test_a_branch_that_points_nowhere_is_asked_for_again(github: FakeGitHub, pictures: Pictures, raw: str) -> None:
    commit = pictures.publish(7, {FILE: PNG})
    github.fail(Fault(method="GET", path="/git/ref/", status=200, raw=raw))

    assert pictures.read_kept(7) == commit


def test_a_branch_that_a_rule_protects_is_a_refusal(github: FakeGitHub, pictures: Pictures) -> None:
    rules = '{"message": "Repository rule violations found"}'
    github.fail(Fault(method="POST", path="/git/refs$", status=422, raw=rules, n=9))

    with pytest.raises(RefusedError, match="GitHub does not take the pictures: "):
        pictures.publish(7, {FILE: PNG})


def make_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def link_the_folder(path: Path) -> None:
    elsewhere = path.parent.parent.parent / "elsewhere"
    path.parent.rename(elsewhere)
    path.parent.symlink_to(elsewhere)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_huge(path: Path) -> None:
    os.truncate(path, 2 * 1024**2 + 1)


def swap(path: Path) -> None:
    path.write_bytes(PNG + b"other")


POISONS = [make_link, link_the_folder, make_folder, make_pipe, make_huge, swap, Path.unlink]


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.__name__)
@pytest.mark.parametrize("absolute", [False, True])
def test_an_image_that_is_not_what_the_report_says_is_refused(
    desk: Desk, poison: Callable[[Path], None], *, absolute: bool
) -> None:
    poison(desk.folder / "pictures" / FILE)
    place = str(desk.folder / "pictures") if absolute else "pictures"

    assert desk.comment("--pictures", place) is ExitCode.INTEGRITY
    assert desk.github.writes() == []


def test_pruning_deletes_the_branches_of_a_pull_request_alone(desk: Desk) -> None:
    for words in ([], ["--report-id", "nightly"]):
        desk.comment("--pictures", "pictures", *words)
    commit = desk.github.refs[BRANCH]
    desk.github.refs |= {
        "heads/mlops-kit/pictures/70": commit,
        "heads/mlops-kit/pictures/8": commit,
        "heads/main": commit,
    }

    assert [desk.run("--prune"), desk.run("--prune")] == [ExitCode.DONE, ExitCode.DONE]

    assert sorted(desk.github.refs) == ["heads/main", "heads/mlops-kit/pictures/70", "heads/mlops-kit/pictures/8"]


def test_pruning_takes_no_report(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.comment("--prune") is ExitCode.INPUT
    assert "comment takes one of REPORT.json, --begin, --without-report and --prune" in capsys.readouterr().err


def test_pruning_without_the_right_is_an_error_but_not_for_a_fork(desk: Desk) -> None:
    desk.github.accounts[TOKEN] = Account(login=KIT, permissions=frozenset({"contents: read"}))
    assert desk.run("--prune", "--pull-request", "7") is ExitCode.REFUSED

    desk.github.add_pull_request(7, head_repository="mallory/churn")
    assert desk.run("--prune", "--pull-request", "7") is ExitCode.DONE


@pytest.mark.parametrize("parents", [(), ("root",)])
@pytest.mark.parametrize("name", [".github", "evil.yml", "0123456789abcdef.svg"])
def test_no_branch_is_made_of_a_commit_that_is_not_ours(
    github: FakeGitHub, pictures: Pictures, name: str, parents: tuple[str, ...]
) -> None:
    blob = github.objects.add_blob(b"on: push")
    kind = ("040000", "tree") if name == ".github" else ("100644", "blob")
    inner = {"evil.yml": TreeEntry(mode="100644", kind="blob", sha=blob)}
    sha = github.objects.add_tree(inner) if name == ".github" else blob
    tree = github.objects.add_tree({name: TreeEntry(mode=kind[0], kind=kind[1], sha=sha)})
    who: Json = {"name": "m", "email": "m@localhost", "date": "2020-01-01T00:00:00Z"}
    root = github.objects.add_commit(Commit(tree=tree, parents=(), message="root", author=who, committer=who))
    asked = Commit(tree=tree, parents=(root,) if parents else (), message="m", author=who, committer=who)
    commit = github.objects.add_commit(asked)
    if name.endswith(".svg") and not parents:
        pictures.keep(7, CommitSha(commit))
        assert github.refs == {BRANCH: commit}
        return

    with pytest.raises(ConflictError):
        pictures.keep(7, CommitSha(commit))
    assert github.refs == {}


@pytest.mark.parametrize(
    ("api", "site"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://ghes.example/api/v3", "https://ghes.example"),
        ("https://api.acme.ghe.com/", "https://acme.ghe.com"),
        ("http://127.0.0.1:8931", "http://127.0.0.1:8931"),
    ],
)
def test_the_place_of_pictures_follows_from_the_address_of_the_api(api: str, site: str) -> None:
    assert web_address(api) == site


def test_an_address_for_people_must_be_https_too() -> None:
    with pytest.raises(InputError):
        connect_pictures(
            "a/b", api_url="https://api.github.com", server_url="http://evil.test", token="t", report_id="r"
        )
