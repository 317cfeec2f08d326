"""What every Pictures port promises: the one in memory, and GitHub's adapter against a server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.request import urlopen

import pytest

from mlops_kit.adapters.github.pictures import connect_pictures
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.ports import Pictures
from mlops_kit.core.review.pictures import picture_name
from mlops_kit.core.types import CommitSha
from mlops_kit.testing.pictures import MemoryPictures
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

QUICK = Patience(timeout=5, tries=3, deadline=20, pause=0.01, limit_pause=0.01, between_writes=0)
SVG, PNG = "<svg>ünï</svg>", b"\x89PNG\r\n\x1a\n\x00\xff"
ONE, TWO = picture_name(SVG.encode(), "svg"), picture_name(PNG, "png")


@dataclass(frozen=True, kw_only=True)
class World:
    """A store of pictures, and how somebody with a browser and other reports see it."""

    pictures: Pictures
    other: Pictures
    fetch: Callable[[str], bytes]


@pytest.fixture(params=["memory", "github"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        memory = MemoryPictures()
        yield World(
            pictures=memory,
            other=memory.of_report("nightly"),
            fetch=lambda url: memory.albums[CommitSha(url.split("/")[-2])][url.split("/")[-1]],
        )
        return
    github = FakeGitHub()
    github.accounts["token"] = Account(login="github-actions[bot]")
    with github.serve():
        reports = [
            connect_pictures(
                "acme/churn", api_url=github.url, server_url="", token="token", report_id=report_id, patience=QUICK
            )
            for report_id in ("report", "nightly")
        ]
        yield World(pictures=reports[0], other=reports[1], fetch=read_url)


def read_url(url: str) -> bytes:
    with urlopen(url, timeout=5) as answer:
        return bytes(answer.read())


def test_a_published_picture_is_found_at_its_address(world: World) -> None:
    commit = world.pictures.publish(7, {ONE: SVG, TWO: PNG})

    assert world.fetch(world.pictures.address(commit, ONE)) == SVG.encode()
    assert world.fetch(world.pictures.address(commit, TWO)) == PNG
    assert world.pictures.read_kept(7) == commit


def test_what_was_published_last_is_kept(world: World) -> None:
    world.pictures.publish(7, {ONE: SVG})
    commit = world.pictures.publish(7, {TWO: PNG})

    assert world.pictures.read_kept(7) == commit


def test_the_same_pictures_again_are_the_same_commit(world: World) -> None:
    assert world.pictures.publish(7, {ONE: SVG, TWO: PNG}) == world.pictures.publish(7, {TWO: PNG, ONE: SVG})


def test_an_earlier_commit_can_be_kept_again(world: World) -> None:
    earlier = world.pictures.publish(7, {ONE: SVG})
    world.pictures.publish(7, {TWO: PNG})

    world.pictures.keep(7, earlier)

    assert world.pictures.read_kept(7) == earlier


def test_a_commit_is_kept_again_after_its_branch_was_deleted(world: World) -> None:
    earlier = world.pictures.publish(7, {ONE: SVG})
    world.pictures.prune(7)

    world.pictures.keep(7, earlier)

    assert world.pictures.read_kept(7) == earlier


def test_an_unknown_commit_is_not_kept(world: World) -> None:
    commit = world.pictures.publish(7, {ONE: SVG})

    with pytest.raises(ConflictError):
        world.pictures.keep(7, CommitSha("e" * 40))
    assert world.pictures.read_kept(7) == commit


def test_pull_requests_and_reports_do_not_disturb_each_other(world: World) -> None:
    commits = [
        world.pictures.publish(7, {ONE: SVG}),
        world.pictures.publish(70, {TWO: PNG}),
        world.other.publish(7, {ONE: SVG, TWO: PNG}),
    ]

    assert [world.pictures.read_kept(7), world.pictures.read_kept(70), world.other.read_kept(7)] == commits


def test_pruning_removes_every_report_of_one_pull_request(world: World) -> None:
    for pictures in (world.pictures, world.other):
        pictures.publish(7, {ONE: SVG})
    stays = world.pictures.publish(70, {ONE: SVG})

    world.pictures.prune(7)

    assert [world.pictures.read_kept(7), world.other.read_kept(7), world.pictures.read_kept(70)] == [None, None, stays]


def test_pruning_what_is_not_there_is_fine(world: World) -> None:
    world.pictures.prune(7)
    world.pictures.prune(7)

    assert world.pictures.read_kept(7) is None
