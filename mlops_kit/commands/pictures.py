"""Shows a report's plots as pictures: draws them, takes images as data from a stranger, publishes what changed.

Pictures never decide whether a report is posted: where they cannot be published, a note says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from mlops_kit.commands.comment import Outcome, Posted, marker_of, post_review
from mlops_kit.commands.review import Prepared
from mlops_kit.core.errors import ConflictError, InputError, KitError, OutsideError, RefusedError
from mlops_kit.core.forge import Comment, PullRequest
from mlops_kit.core.ports import Forge, Pictures
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.pictures import (
    PICTURE_LIMIT,
    PICTURES_BYTES,
    Album,
    Shown,
    check_image,
    parse_album,
    picture_key,
    picture_name,
)
from mlops_kit.core.review.plots import PlotKind, PlotRow
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import own_comments

ROUNDS = 8
"""How often a rival's pictures are made room for before giving up."""
Draw = Callable[[PlotRow], str]
"""A plot as SVG; InputError where it cannot be drawn."""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """What pictures come from and where they go.

    `read_image` gives the bytes of a file that another job left: a plain file of bounded size, else IntegrityError.
    """

    pictures: Pictures
    read_image: Callable[[str], bytes]
    draw: Draw


@dataclass(frozen=True, kw_only=True)
class Hung:
    """A review that is ready to be posted with its pictures; `gallery` is None where it shows none."""

    prepared: Prepared
    gallery: Gallery | None = None
    was_there: bool = False


@dataclass(frozen=True, kw_only=True)
class _Picture:
    """A picture for the plot of a key; texts are SVG."""

    key: str
    name: str
    content: str | bytes
    size: int


def hang_pictures(gallery: Gallery | None, prepared: Prepared) -> Hung:
    """The review with the addresses of its pictures, published where they were not there already.

    IntegrityError where an image is not what the report says of it.
    """
    review = prepared.review
    standing = _find_standing(prepared)
    if gallery is None or (standing and _is_superseded(prepared)):
        return Hung(prepared=prepared)
    shown = show_pictures(gallery, review.report, review.pull_request.number, comment=standing)
    report = replace(review.report, notes=(*review.report.notes, *(clip(note) for note in shown.notes)))
    hung = replace(
        prepared,
        review=replace(review, report=report, album=shown.album),
        occasion=replace(prepared.occasion, pictures=shown.addresses),
    )
    return Hung(prepared=hung, gallery=gallery, was_there=shown.was_there)


def post_hung(forge: Forge, hung: Hung) -> tuple[Posted, str]:
    """Post the review, then make sure that its pictures stay; why they may not, else an empty text."""
    review, thread = hung.prepared.review, hung.prepared.thread
    try:
        posted = post_review(forge, review, hung.prepared.occasion, thread=thread)
    except KitError:
        _keep(forge, hung, None)
        raise
    if hung.was_there and posted.outcome is Outcome.UNCHANGED:
        return posted, ""
    return posted, _keep(forge, hung, posted.comment)


def show_pictures(gallery: Gallery, report: Report, number: int, *, comment: Comment | None) -> Shown:
    """Publish the pictures of what changed, unless the pull request's own comment shows just these already.

    IntegrityError where an image is not what the report says of it.
    """
    notes: list[str] = []
    chosen = _choose(_candidates(gallery, report, notes), notes)
    if not chosen:
        return Shown(notes=tuple(notes))
    names = tuple(sorted({picture.name for picture in chosen}))
    try:
        before = _reuse(gallery.pictures, number, names, comment)
        files = {picture.name: picture.content for picture in chosen}
        album = before or Album(commit=gallery.pictures.publish(number, files), names=names)
    except (RefusedError, OutsideError) as error:
        return Shown(notes=(*notes, f"plots are not shown as pictures: {_told(error)}"))
    addresses = {picture.key: gallery.pictures.address(album.commit, picture.name) for picture in chosen}
    return Shown(addresses=addresses, album=album, notes=tuple(notes), was_there=before is not None)


def keep_pictures(pictures: Pictures, number: int, find: Callable[[], Comment | None], first: Comment | None) -> str:
    """Make sure that what is kept are the pictures of the comment that stands; why that failed, else an empty text.

    `first` is the comment as just seen, if it was; `find` looks again. Of two runs at once one has the last word in
    the comment, maybe the other in the pictures. Whoever changed either calls this afterwards, and who changes what is
    kept looks again: so the last one to write has seen the last comment.
    """
    try:
        standing = first or find()
        for _ in range(ROUNDS):
            if not _mend(pictures, number, standing):
                return ""
            standing = find()
    except (RefusedError, OutsideError, ConflictError, InputError) as error:
        return f"the pictures of pull request {number} may not stay: {error}"
    return f"the pictures of pull request {number} may not stay: other runs keep replacing them"


def prune_pictures(pictures: Pictures, pull_request: PullRequest) -> str:
    """Remove a pull request's pictures; why that may not be done, where GitHub lets no workflow do it."""
    try:
        pictures.prune(pull_request.number)
    except RefusedError as error:
        if not pull_request.is_fork:
            raise
        return str(error)
    return ""


def _find_standing(prepared: Prepared) -> Comment | None:
    """The comment that a first look found, the lowest where there are several."""
    thread = prepared.thread
    if thread is None:
        return None
    own = own_comments(thread.comments, author=thread.author, report_id=prepared.review.report_id)
    return own[0][0] if own else None


def _is_superseded(prepared: Prepared) -> bool:
    """Whether a newer run has posted already, so that ours will not be shown."""
    thread, marker = prepared.thread, marker_of(prepared.review)
    own = own_comments(thread.comments, author=thread.author, report_id=marker.report_id) if thread else ()
    return any(marker.is_older_than(written) for _, written in own)


def _keep(forge: Forge, hung: Hung, first: Comment | None) -> str:
    if hung.gallery is None:
        return ""
    review = hung.prepared.review
    number = review.pull_request.number

    def find() -> Comment | None:
        own = own_comments(forge.list_comments(number), author=forge.read_login(), report_id=review.report_id)
        return own[0][0] if own else None

    return keep_pictures(hung.gallery.pictures, number, find, first)


def _told(error: KitError) -> str:
    return f"{error}; {error.hint}" if error.hint else str(error)


def _mend(pictures: Pictures, number: int, standing: Comment | None) -> bool:
    """Whether something else was kept than what the comment shows, and has now been replaced."""
    album = parse_album(standing.body) if standing else None
    if album is None or pictures.read_kept(number) == album.commit:
        return False
    pictures.keep(number, album.commit)
    return True


def _reuse(pictures: Pictures, number: int, names: tuple[str, ...], comment: Comment | None) -> Album | None:
    """The album that the comment shows, where it holds these pictures and is what is kept."""
    before = parse_album(comment.body) if comment else None
    if before is None or before.names != names or pictures.read_kept(number) != before.commit:
        return None
    return before


def _candidates(gallery: Gallery, report: Report, notes: list[str]) -> Iterator[_Picture]:
    for row in report.plots:
        if not row.change:
            continue
        if row.kind is PlotKind.IMAGE:
            yield from _images(gallery, row)
        elif row.series:
            yield from _drawn(gallery.draw, row, notes)


def _images(gallery: Gallery, row: PlotRow) -> Iterator[_Picture]:
    for image in row.images:
        data = gallery.read_image(image.file)
        check_image(image, data)
        name = picture_name(data, image.file.rpartition(".")[2])
        yield _Picture(key=picture_key(row.path, image.side), name=name, content=data, size=len(data))


def _drawn(draw: Draw, row: PlotRow, notes: list[str]) -> Iterator[_Picture]:
    try:
        text = draw(row)
    except InputError as error:
        note = f"a plot cannot be drawn: {error}"
        notes.extend(() if note in notes else (note,))
        return
    data = text.encode()
    yield _Picture(key=picture_key(row.path), name=picture_name(data, "svg"), content=text, size=len(data))


def _choose(candidates: Iterator[_Picture], notes: list[str]) -> list[_Picture]:
    """The first pictures, as many as there is room for; no plot is drawn that has no place."""
    chosen: dict[str, _Picture] = {}
    left = PICTURES_BYTES
    for picture in candidates:
        if len(chosen) == PICTURE_LIMIT or picture.size > left:
            notes.append(f"not all plots are shown as pictures: there is room for {PICTURE_LIMIT}, of 2 MiB together")
            break
        chosen[picture.key] = picture
        left -= picture.size
    return list(chosen.values())
