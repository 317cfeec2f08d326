"""Which pictures a comment shows, when they are published, and which of them stay."""

import hashlib
from dataclasses import dataclass, field, replace

import pytest

from mlops_kit.commands.comment import Outcome, Review, Thread, read_thread
from mlops_kit.commands.pictures import Gallery, Hung, hang_pictures, post_hung, prune_pictures
from mlops_kit.commands.review import Prepared
from mlops_kit.core.errors import InputError, IntegrityError, KitError, OutsideError, PassingError, RefusedError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.pictures import PICTURE_LIMIT, parse_album
from mlops_kit.core.review.plots import Image, PlotKind, PlotRow, Series
from mlops_kit.core.review.report import Report, Side
from mlops_kit.core.types import CommitSha
from mlops_kit.testing.forge import MemoryForge
from mlops_kit.testing.pictures import MemoryPictures

HEAD = CommitSha("a" * 40)
PNG = b"\x89PNG\r\n\x1a\n"
PULL_REQUEST = PullRequest(
    number=7, head=HEAD, base=CommitSha("b" * 40), head_branch="f", base_branch="main", is_fork=False
)


def line(path: str, value: float = 1.0) -> PlotRow:
    series = Series(side="head", points=((0, value),))
    return PlotRow(path=path, title=path, kind=PlotKind.LINEAR, change="changed", series=(series,))


def photo(path: str, **sides: bytes) -> PlotRow:
    images = tuple(
        Image(side="base" if side == "base" else "head", file=f"{hashlib.sha256(data).hexdigest()}.png")
        for side, data in sides.items()
    )
    return PlotRow(path=path, title=path, kind=PlotKind.IMAGE, change="changed", images=images)


def draw(row: PlotRow) -> str:
    if row.path == "broken":
        raise InputError("no renderer")
    return f"<svg>{row.path} {row.series[0].points}</svg>"


@dataclass
class Scene:
    """A pull request, its pictures, and the folder that another job left."""

    forge: MemoryForge = field(default_factory=lambda: MemoryForge([PULL_REQUEST]))
    pictures: MemoryPictures = field(default_factory=MemoryPictures)
    folder: dict[str, bytes] = field(default_factory=dict)

    def prepare(self, *plots: PlotRow, run: int = 1, note: str = "") -> Prepared:
        report = Report(
            base=Side(name="main", commit="b" * 40),
            head=Side(name="feature", commit=HEAD),
            environment="dev",
            verdict=Verdict.PASS,
            plots=plots,
            notes=(note,) if note else (),
        )
        review = Review(report=report, pull_request=self.forge.pull_requests[7], report_id="report", run=run, attempt=1)
        return Prepared(review=review, occasion=Occasion(), thread=self.thread())

    def thread(self) -> Thread:
        return read_thread(self.forge, 7)

    def hang(self, *plots: PlotRow, run: int = 1, note: str = "") -> Hung:
        gallery = Gallery(pictures=self.pictures, read_image=self.read_image, draw=draw)
        return hang_pictures(gallery, self.prepare(*plots, run=run, note=note))

    def read_image(self, name: str) -> bytes:
        return self.folder[name]

    def post(self, *plots: PlotRow, run: int = 1, note: str = "") -> str:
        """Hang and post; what may be wrong with the pictures."""
        _, obstacle = post_hung(self.forge, self.hang(*plots, run=run, note=note))
        return obstacle

    def shown(self) -> CommitSha:
        """The commit that the one comment names."""
        (comment,) = self.forge.comments[7]
        album = parse_album(comment.body)
        assert album is not None
        return album.commit


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_changed_plots_are_published_and_the_comment_names_their_commit(scene: Scene) -> None:
    assert scene.post(line("roc.csv"), line("loss.csv")) == ""

    commit = scene.pictures.kept[7, "report"]
    assert scene.shown() == commit
    assert sorted(scene.pictures.albums[commit].values()) == sorted(
        draw(row).encode() for row in (line("roc.csv"), line("loss.csv"))
    )


def test_addresses_stand_under_the_paths_of_the_plots(scene: Scene) -> None:
    base, head = PNG + b"old", PNG + b"new"
    scene.folder = {f"{hashlib.sha256(data).hexdigest()}.png": data for data in (base, head)}

    hung = scene.hang(line("roc.csv"), photo("cm.png", base=base, head=head))

    addresses = hung.prepared.occasion.pictures
    assert sorted(addresses) == ["cm.png", "cm.png@base", "roc.csv"]
    assert addresses["cm.png"].endswith(f"/{hashlib.sha256(head).hexdigest()[:16]}.png")


def test_unchanged_plots_are_not_drawn(scene: Scene) -> None:
    hung = scene.hang(replace(line("same.csv"), change=""))

    assert (hung.prepared.review.album, scene.pictures.writes) == (None, [])


def test_the_same_pictures_again_write_nothing(scene: Scene) -> None:
    scene.post(line("roc.csv"))
    scene.pictures.writes.clear()
    scene.forge.writes.clear()

    scene.post(line("roc.csv"))

    assert (scene.pictures.writes, scene.forge.writes) == ([], [])


def test_other_numbers_beside_the_same_pictures_publish_nothing(scene: Scene) -> None:
    scene.post(line("roc.csv"))
    scene.pictures.writes.clear()

    scene.post(line("roc.csv"), run=2, note="a note")

    assert scene.pictures.writes == []
    assert scene.shown() == scene.pictures.kept[7, "report"]


def test_one_changed_picture_makes_a_new_set(scene: Scene) -> None:
    scene.post(line("roc.csv"), line("loss.csv"))

    scene.post(line("roc.csv", 2.0), line("loss.csv"), run=2)

    assert scene.shown() == scene.pictures.kept[7, "report"]
    assert len(scene.pictures.albums) == 2


def test_pictures_whose_branch_is_gone_are_published_again(scene: Scene) -> None:
    scene.post(line("roc.csv"))
    scene.pictures.prune(7)

    scene.post(line("roc.csv"))

    assert scene.shown() == scene.pictures.kept[7, "report"]


@pytest.mark.parametrize("failure", [RefusedError("403"), OutsideError("502")])
def test_a_comment_comes_without_pictures_where_they_cannot_be_published(scene: Scene, failure: KitError) -> None:
    scene.pictures.failures.append(failure)

    hung = scene.hang(line("roc.csv"))
    posted, obstacle = post_hung(scene.forge, hung)

    assert hung.prepared.review.report.notes == (f"plots are not shown as pictures: {failure}",)
    assert (posted.outcome, obstacle, scene.pictures.kept) == (Outcome.CREATED, "", {})


def test_a_plot_that_cannot_be_drawn_is_noted_once(scene: Scene) -> None:
    hung = scene.hang(line("broken"), line("broken"), line("roc.csv"))

    assert hung.prepared.review.report.notes == ("a plot cannot be drawn: no renderer",)
    assert sorted(hung.prepared.occasion.pictures) == ["roc.csv"]


def test_a_forged_image_stops_everything(scene: Scene) -> None:
    row = photo("cm.png", head=PNG)
    scene.folder = {row.images[0].file: PNG + b"other"}

    with pytest.raises(IntegrityError):
        scene.hang(row)
    assert scene.pictures.writes == []


def test_pictures_are_bounded_in_number(scene: Scene) -> None:
    hung = scene.hang(*(line(f"{number:02}.csv") for number in range(PICTURE_LIMIT + 5)))

    assert list(hung.prepared.occasion.pictures) == [f"{number:02}.csv" for number in range(PICTURE_LIMIT)]
    assert "not all plots are shown as pictures: there is room for 20" in hung.prepared.review.report.notes[0]


def test_pictures_are_bounded_in_bytes(scene: Scene) -> None:
    images = [PNG + bytes([number]) * 900_000 for number in range(3)]
    scene.folder = {f"{hashlib.sha256(data).hexdigest()}.png": data for data in images}

    hung = scene.hang(*(photo(f"{number}.png", head=data) for number, data in enumerate(images)))

    assert sorted(hung.prepared.occasion.pictures) == ["0.png", "1.png"]


def test_a_run_that_is_superseded_publishes_nothing(scene: Scene) -> None:
    scene.post(line("roc.csv"), run=2)
    scene.pictures.writes.clear()

    posted, _ = post_hung(scene.forge, scene.hang(line("roc.csv", 9.0), run=1))

    assert (posted.outcome, scene.pictures.writes) == (Outcome.SUPERSEDED, [])


def test_a_run_that_is_overtaken_gives_the_newer_comment_its_pictures_back(scene: Scene) -> None:
    older = scene.hang(line("roc.csv", 1.0), run=1)
    scene.post(line("roc.csv", 2.0), run=2)
    scene.pictures.kept[7, "report"] = next(iter(scene.pictures.albums))

    posted, obstacle = post_hung(scene.forge, older)

    assert (posted.outcome, obstacle) == (Outcome.SUPERSEDED, "")
    assert scene.shown() == scene.pictures.kept[7, "report"]


def test_a_run_that_cannot_post_gives_the_standing_comment_its_pictures_back(scene: Scene) -> None:
    scene.post(line("roc.csv", 1.0), run=1)
    hung = scene.hang(line("roc.csv", 2.0), run=2)
    scene.forge.failures.extend(PassingError("502") for _ in range(50))

    with pytest.raises(OutsideError):
        post_hung(scene.forge, hung)

    assert scene.shown() == scene.pictures.kept[7, "report"]


def test_pictures_that_may_not_stay_are_said(scene: Scene) -> None:
    hung = scene.hang(line("roc.csv"))
    scene.pictures.kept.clear()
    scene.pictures.failures.append(PassingError("502"))

    posted, obstacle = post_hung(scene.forge, hung)

    assert posted.outcome is Outcome.CREATED
    assert obstacle == "the pictures of pull request 7 may not stay: 502"


def test_a_fork_whose_pictures_cannot_be_pruned_is_no_failure(scene: Scene) -> None:
    scene.pictures.failures.extend([RefusedError("403"), RefusedError("403")])

    assert prune_pictures(scene.pictures, replace(PULL_REQUEST, is_fork=True)) == "403"
    with pytest.raises(RefusedError):
        prune_pictures(scene.pictures, PULL_REQUEST)
