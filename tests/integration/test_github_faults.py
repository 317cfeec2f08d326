"""How the GitHub adapter behaves when the server does not."""

import gzip
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mlops_kit.adapters.github.connection import ANSWER_LIMIT
from mlops_kit.adapters.github.forge import GitHubForge, connect
from mlops_kit.adapters.github.pages import next_page
from mlops_kit.adapters.github.transport import Patience, check_address
from mlops_kit.core.errors import ConflictError, InputError, KitError, OutsideError, PassingError, RefusedError
from mlops_kit.core.forge import CommitStatus, StatusState
from mlops_kit.core.types import CommitSha
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import Account

TOKEN = "ghs_" + "c" * 36
LIST = r"/issues/7/comments$"
QUICK = Patience(timeout=1, tries=4, deadline=10, pause=0.01, longest_pause=0.05, limit_pause=0.02, between_writes=0)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts[TOKEN] = Account(login="github-actions[bot]")
    fake.add_pull_request(7)
    with fake.serve():
        yield fake


@pytest.fixture
def forge(github: FakeGitHub) -> GitHubForge:
    return connect("acme/churn", api_url=github.url, token=TOKEN, patience=QUICK)


PASSING = {
    "bad gateway": Fault(method="GET", path=LIST, status=502),
    "unavailable twice": Fault(method="GET", path=LIST, status=503, n=2),
    "reset": Fault(method="GET", path=LIST, reset=True),
    "timeout": Fault(method="GET", path=LIST, sleep=1.5),
    "truncated body": Fault(method="GET", path=LIST, status=200, raw='[{"id": 1', truncate=True),
    "page of HTML": Fault(method="GET", path=LIST, status=200, raw="<html>busy</html>"),
    "null": Fault(method="GET", path=LIST, status=200, raw="null"),
    "an object for a list": Fault(method="GET", path=LIST, status=200, raw="{}"),
    "an id as text": Fault(method="GET", path=LIST, status=200, raw='[{"id": "1", "html_url": "x", "body": ""}]'),
    "a body as number": Fault(method="GET", path=LIST, status=200, raw='[{"id": 1, "html_url": "x", "body": 3}]'),
    "too many requests": Fault(method="GET", path=LIST, status=429, headers={"retry-after": "0"}),
    "too many, without a time": Fault(method="GET", path=LIST, status=429),
    "too many, until nonsense": Fault(method="GET", path=LIST, status=429, headers={"retry-after": "soon"}),
    "secondary limit": Fault(
        method="GET", path=LIST, status=403, raw='{"message": "You have exceeded a secondary rate limit"}'
    ),
    "limit reset in the past": Fault(
        method="GET", path=LIST, status=403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
    ),
    "no id": Fault(method="GET", path=LIST, status=200, raw='[{"html_url": "x", "body": ""}]'),
    "too many, until a time in the past": Fault(method="GET", path=LIST, status=429, headers={"retry-after": "-86400"}),
    "too many, until a date in the past": Fault(
        method="GET", path=LIST, status=429, headers={"retry-after": "Fri, 01 Jan 2016 00:00:00 GMT"}
    ),
    "too many, until a date that is none": Fault(
        method="GET", path=LIST, status=429, headers={"retry-after": "Fri, 99 Jan 2016 00:00:00 GMT"}
    ),
    "nonsense in a rate header": Fault(
        method="GET", path=LIST, status=502, headers={"x-ratelimit-remaining": "x", "x-ratelimit-limit": "y"}
    ),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_reading_survives_a_fault_that_passes(github: FakeGitHub, forge: GitHubForge, fault: Fault) -> None:
    github.add_comment(7, "there", author="octocat")
    github.fail(fault)

    assert [comment.body for comment in forge.list_comments(7)] == ["there"]
    assert github.faults == []


AFTER = {
    "bad gateway": Fault(method="POST", path=LIST, when="after", status=502),
    "reset": Fault(method="POST", path=LIST, when="after", reset=True),
    "timeout": Fault(method="POST", path=LIST, when="after", sleep=1.5),
    "truncated": Fault(method="POST", path=LIST, when="after", status=201, truncate=True),
    "page of HTML": Fault(method="POST", path=LIST, when="after", status=201, raw="<html>"),
}


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER.keys())
def test_a_comment_whose_answer_is_lost_is_not_sent_again(github: FakeGitHub, forge: GitHubForge, fault: Fault) -> None:
    github.fail(fault)

    with pytest.raises(PassingError):
        forge.create_comment(7, "once")

    assert github.bodies(author="github-actions[bot]") == ["once"]


def test_a_status_whose_answer_is_lost_is_not_sent_again(github: FakeGitHub, forge: GitHubForge) -> None:
    github.fail(Fault(method="POST", path="/statuses/", when="after"))

    with pytest.raises(PassingError):
        forge.set_commit_status(
            CommitSha("a" * 40), CommitStatus(context="kit", state=StatusState.SUCCESS, description="")
        )

    assert len(github.statuses) == 1


def test_a_server_that_stays_down_is_an_outside_error(github: FakeGitHub, forge: GitHubForge) -> None:
    github.fail(Fault(method="GET", path=LIST, status=503, n=99))

    with pytest.raises(OutsideError, match="503"):
        forge.list_comments(7)

    assert len(github.log) == QUICK.tries


LONG_WAITS = {
    "seconds": ({"retry-after": "86400"}, "86400 s"),
    "more seconds than there are": ({"retry-after": "9" * 400}, "inf s"),
    "a date": ({"retry-after": "Sat, 02 Jan 2100 00:00:00 GMT", "date": "Fri, 01 Jan 2100 00:00:00 GMT"}, "86400 s"),
    "a reset": (
        {
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": "4102531200",
            "date": "Fri, 01 Jan 2100 00:00:00 GMT",
        },
        "86400 s",
    ),
}


@pytest.mark.parametrize(("headers", "told"), LONG_WAITS.values(), ids=LONG_WAITS.keys())
def test_a_wait_longer_than_the_run_may_take_ends_it_at_once(
    github: FakeGitHub, forge: GitHubForge, headers: dict[str, str], told: str
) -> None:
    github.fail(Fault(method="GET", path=LIST, status=429, headers=headers))

    with pytest.raises(OutsideError, match=told):
        forge.list_comments(7)
    assert len(github.log) == 1


def test_the_wait_is_measured_by_the_servers_clock(github: FakeGitHub, forge: GitHubForge) -> None:
    skewed = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "4102444801",
        "date": "Fri, 01 Jan 2100 00:00:00 GMT",
    }
    github.fail(Fault(method="GET", path=LIST, status=403, headers=skewed))

    assert forge.list_comments(7) == ()


REFUSALS = {
    "401": (Fault(method="POST", path=LIST, status=401), RefusedError, "set GITHUB_TOKEN"),
    "403": (Fault(method="POST", path=LIST, status=403), RefusedError, "`pull-requests: write`"),
    "404": (Fault(method="POST", path=LIST, status=404), RefusedError, "`pull-requests: write`"),
    "422": (Fault(method="POST", path=LIST, status=422), InputError, ""),
    "418": (Fault(method="POST", path=LIST, status=418), OutsideError, "run it again"),
}


@pytest.mark.parametrize(("fault", "kind", "hint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_an_answer_of_no_names_what_is_missing(
    github: FakeGitHub, forge: GitHubForge, fault: Fault, kind: type[KitError], hint: str
) -> None:
    github.fail(fault)

    with pytest.raises(kind) as caught:
        forge.create_comment(7, "text")

    assert hint in caught.value.hint


@pytest.mark.parametrize("fault", [*PASSING.values(), *(fault for fault, _, _ in REFUSALS.values())])
def test_no_error_carries_the_token(github: FakeGitHub, forge: GitHubForge, fault: Fault) -> None:
    github.fail(replace(fault, method="GET", n=99, sleep=0.0))
    github.fail(Fault(method="GET", path=LIST, n=99))

    with pytest.raises(KitError) as caught:
        forge.list_comments(7)

    assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.hint} {caught.value.__cause__!r}"


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """Another host of this machine that listens, and answers nobody."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        listening.setblocking(False)  # noqa: FBT003 - the socket's own interface
        yield listening


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed_and_the_token_stays(
    github: FakeGitHub, forge: GitHubForge, stranger: socket.socket, status: int
) -> None:
    address = f"http://127.0.0.2:{stranger.getsockname()[1]}/steal"
    github.fail(Fault(method="GET", path="/pulls/7$", status=status, headers={"location": address}, n=99))

    with pytest.raises(OutsideError):
        forge.read_pull_request(7)
    with pytest.raises(BlockingIOError):
        stranger.accept()


def test_a_renamed_repository_is_followed_on_the_same_host(github: FakeGitHub, forge: GitHubForge) -> None:
    renamed = {"location": f"{github.url}/repos/acme/renamed/pulls/7"}
    github.fail(Fault(method="GET", path="/churn/pulls/7$", status=301, headers=renamed))

    assert forge.read_pull_request(7).number == 7


def test_a_circle_of_redirects_ends(github: FakeGitHub, forge: GitHubForge) -> None:
    for here, there in (("churn", "renamed"), ("renamed", "churn")):
        location = {"location": f"{github.url}/repos/acme/{there}/pulls/7"}
        github.fail(Fault(method="GET", path=f"/{here}/pulls/7$", status=301, headers=location, n=999))

    with pytest.raises(OutsideError, match="lead on and on"):
        forge.read_pull_request(7)
    assert len(github.log) < 30


def test_a_bomb_is_not_unpacked(github: FakeGitHub, forge: GitHubForge) -> None:
    bomb = gzip.compress(b"[" + b" " * (ANSWER_LIMIT + 2**20) + b"]")
    github.fail(
        Fault(method="GET", path=LIST, status=200, data=bomb, headers={"content-encoding": "gzip"}, n=QUICK.tries)
    )

    with pytest.raises(OutsideError, match="larger than 64 MiB"):
        forge.list_comments(7)


def test_an_answer_that_drips_ends_with_its_time(github: FakeGitHub) -> None:
    patience = replace(QUICK, answer=0.5, deadline=3.0)
    forge = connect("acme/churn", api_url=github.url, token=TOKEN, patience=patience)
    github.fail(Fault(method="GET", path=LIST, raw=f"[{' ' * 6000}]", drip=0.1, n=99))

    with pytest.raises(OutsideError, match=r"takes too long|within the 3 s"):
        forge.list_comments(7)


def test_a_kept_connection_still_serves_after_one_was_cut(github: FakeGitHub) -> None:
    forge = connect("acme/churn", api_url=github.url, token=TOKEN, patience=replace(QUICK, answer=0.5))
    github.fail(Fault(method="GET", path=LIST, raw="[]", drip=0.1))

    assert forge.list_comments(7) == ()
    assert forge.read_pull_request(7).number == 7


LOOPS = {
    "to itself": "{url}{path}?page=1",
    "to another host": "http://127.0.0.2:9{path}?page=2",
    "to another scheme": "https://127.0.0.1:9{path}?page=2",
}


@pytest.mark.parametrize("target", LOOPS.values(), ids=LOOPS.keys())
def test_pages_that_lead_elsewhere_are_refused(github: FakeGitHub, forge: GitHubForge, target: str) -> None:
    link = target.format(url=github.url, path="/repos/acme/churn/issues/7/comments")
    github.fail(Fault(method="GET", path=LIST, status=200, raw="[]", headers={"link": f'<{link}>; rel="next"'}))

    with pytest.raises(OutsideError, match="leads elsewhere"):
        forge.list_comments(7)
    assert len(github.log) == 1


def test_ten_thousand_comments_are_read_and_not_one_more(github: FakeGitHub, forge: GitHubForge) -> None:
    for number in range(10_000):
        github.add_comment(7, f"comment {number}", author="octocat")
    assert len(forge.list_comments(7)) == 10_000

    github.add_comment(7, "one more", author="octocat")
    with pytest.raises(OutsideError, match="10000 entries"):
        forge.list_comments(7)


@pytest.mark.parametrize("locked", [True, False])
def test_a_locked_pull_request_or_an_archived_repository_refuses_a_comment(
    github: FakeGitHub, forge: GitHubForge, *, locked: bool
) -> None:
    github.add_pull_request(7, locked=locked)
    github.archived = not locked

    with pytest.raises(RefusedError, match="issue is locked" if locked else "archived so is read-only"):
        forge.create_comment(7, "text")
    assert forge.read_pull_request(7).is_locked is locked


LINKS = {
    "itself": '<https://api.test/x?page=1>; rel="next"',
    "backwards": '<https://api.test/x?page=0>; rel="next"',
    "another host": '<https://evil.test/x?page=2>; rel="next"',
    "another port": '<https://api.test:444/x?page=2>; rel="next"',
    "plain http": '<http://api.test/x?page=2>; rel="next"',
    "no page": '<https://api.test/x>; rel="next"',
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS.keys())
def test_a_link_that_does_not_lead_to_the_next_page_is_refused(link: str) -> None:
    with pytest.raises(OutsideError):
        next_page(link, 1, server="https://api.test")


def test_pages_end_where_no_link_leads_on() -> None:
    last = '<https://api.test/x?page=1>; rel="prev", <https://api.test/x?page=1>; rel="first"'

    assert next_page(last, 2, server="https://api.test") == 0
    assert next_page('<https://api.test/x?page=3>; rel="next"', 2, server="https://api.test") == 3


def test_an_endless_list_is_refused() -> None:
    with pytest.raises(OutsideError, match="10000 entries"):
        next_page('<https://api.test/x?page=101>; rel="next"', 100, server="https://api.test")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com", "ftp://api.github.com", "api.github.com", "", "https://",
        "https://user:secret@api.github.com", "http://127.0.0.1.evil.test", "https://api.github.com?x=1",
    ],
)  # fmt: skip
def test_an_address_that_would_show_the_token_is_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        check_address(url)
    assert "secret" not in str(caught.value)


def test_plain_http_is_fine_on_this_machine_only() -> None:
    assert check_address("http://127.0.0.1:8931/") == "http://127.0.0.1:8931"
    assert check_address("https://ghes.example/api/v3/") == "https://ghes.example/api/v3"


@pytest.mark.parametrize("name", ["", "a", "a/b/c", "../x", "a/..", "-a/b", "a b/c", "a/b?x"])
def test_a_repository_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="owner/name"):
        connect(name, api_url="https://api.github.com", token="t")


def test_a_persons_token_is_asked_for_its_login(github: FakeGitHub) -> None:
    github.accounts["person"] = Account(login="octocat", is_app=False)

    assert connect("acme/churn", api_url=github.url, token="person", patience=QUICK).read_login() == "octocat"


def test_a_pull_request_of_a_deleted_fork_counts_as_a_fork(github: FakeGitHub, forge: GitHubForge) -> None:
    github.add_pull_request(8, head_repository=None)
    github.add_pull_request(9, head_repository="mallory/churn")

    assert [forge.read_pull_request(number).is_fork for number in (7, 8, 9)] == [False, True, True]


def test_updating_a_deleted_comment_is_a_conflict_also_after_a_retry(github: FakeGitHub, forge: GitHubForge) -> None:
    forge.create_comment(7, "old")
    (comment,) = forge.list_comments(7)
    github.comments.clear()
    github.fail(Fault(method="PATCH", path="/issues/comments/"))

    with pytest.raises(ConflictError):
        forge.update_comment(comment, "new")
