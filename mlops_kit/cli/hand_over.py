"""`mlops-kit reproduce --hand-over`: its options, and what is told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.event import warn
from mlops_kit.commands.hand_over import hand_over
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.review.hand_over import OBJECT_COUNT, OBJECT_MIB, Bounds


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Where what a run changed is handed over, empty for nowhere, and how much of it."""

    folder: str
    base: str
    bounds: Bounds

    def hand_over(self, caller: Caller, *, sent: bool) -> ExitCode:
        """Fill the folder; `sent` says that the objects are in the DVC remote already."""
        if not self.folder:
            return ExitCode.DONE
        git = wiring.open_git(caller.folder, caller.inputs.variables)
        packer = wiring.open_packer(git, caller.folder / self.folder, self.bounds, sent=sent)
        done = hand_over(packer, self.base)
        told = f"{len(done.files)} files and {len(done.objects):,} objects"
        click.echo(f"mlops-kit: handed over {told} in {self.folder}", err=True)
        if left_out := done.left_out:
            warn(
                f"{left_out.objects:,} objects of {left_out.bytes:,} bytes are too much to be handed over; "
                "reproduce --push sends them from here",
                caller.inputs,
            )
        return ExitCode.DONE


def hand_over_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options to a command; its function gets them as one `parcel`."""

    @click.option("--hand-over", "folder", metavar="FOLDER", default="", help="Write what changed, for `commit`.")
    @click.option(
        "--hand-over-base",
        "base",
        metavar="REV",
        default="HEAD",
        show_default=True,
        help="Objects that its dvc.lock names are not handed over.",
    )
    @click.option(
        "--most-objects",
        type=click.IntRange(min=0),
        default=OBJECT_COUNT,
        show_default=True,
        help="Objects to hand over; of more, none.",
    )
    @click.option(
        "--most-mib",
        type=click.IntRange(min=0),
        default=OBJECT_MIB,
        show_default=True,
        help="MiB of objects to hand over; of more, none.",
    )
    @wraps(function)
    def packing(*words: object, folder: str, base: str, most_objects: int, most_mib: int, **rest: object) -> int:
        bounds = Bounds(objects=most_objects, mib=most_mib)
        return function(*words, parcel=Parcel(folder=folder, base=base, bounds=bounds), **rest)

    return packing
