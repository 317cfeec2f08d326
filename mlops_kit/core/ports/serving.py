"""What deployers may use of the outside world."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops_kit.core.ports.promotion import ModelFiles
from mlops_kit.core.ports.repository import Clock, Commands
from mlops_kit.core.serving import BranchFolder, RunningService, Service, WebAnswer


class Web(Protocol):
    """Asks web addresses. Answers are bounded, redirects are not followed."""

    def ask(self, url: str, *, body: bytes | None = None, timeout_seconds: float) -> WebAnswer:
        """GET, or POST JSON where there is a body; OutsideError where no whole answer comes in time."""


class Services(Protocol):
    """Keeps processes running on this machine beyond the end of the kit, one of each name."""

    def keep_files(self, name: str, key: str, files: ModelFiles) -> Path:
        """A folder with copies of the files under their own names, made once per key, for as long as it is needed."""

    def read(self, name: str) -> RunningService | None:
        """The service of this name; None where none was started, or it was stopped by the kit."""

    def list_services(self) -> tuple[RunningService, ...]:
        """All that were started and not stopped, by name."""

    def start(self, service: Service) -> RunningService:
        """Stop the one of its name where there is one, and start it; OutsideError where it does not start."""

    def stop(self, name: str) -> None:
        """End it with all that it started, if it is provably the kit's; fine where there is none."""

    def find_port(self, wanted: int = 0) -> int:
        """A port that nobody listens on now, the wanted one where one is; OutsideError where that is taken."""

    def write_file(self, path: str, text: str) -> None:
        """Replace a file's text; from the repository's top where it is not absolute, `~` is the user's home."""

    def read_file(self, path: str) -> str | None:
        """A file's text, None where there is none."""


Edit = Callable[[Mapping[str, bytes]], Mapping[str, bytes]]
"""From files as they are, by name, to those that should be written. It may be asked again, about newer files."""


class GitOps(Protocol):
    """Folders of git branches that a GitOps controller follows; the work tree and its index stay as they are."""

    def read_files(self, folder: BranchFolder, names: Iterable[str]) -> Mapping[str, bytes]:
        """The files of these names as the remote has them now, those left out that are not there.

        Where there is no such branch there are no files. OutsideError where the remote gives no answer, InputError
        where the branch says what an environment should run.
        """

    def edit_files(self, folder: BranchFolder, names: Iterable[str], edit: Edit, *, message: str) -> bool:
        """Commit and push what `edit` makes of the files; False where that changes nothing, and nothing is pushed.

        The branch is made where there is none. Where somebody else was faster, `edit` is asked about their files;
        ConflictError where that goes on. Files that `edit` does not name stay.
        """


class Storage(Protocol):
    """Where serving targets fetch the bytes of models from."""

    def publish(self, place: str, name: str, files: ModelFiles) -> None:
        """Have the files below `<place>/<name>`, all of them and no others; what is whole is never written again.

        IntegrityError where other bytes have the name, OutsideError where the storage fails; safe to repeat and race.
        """


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Everything that a deployer gets beside its settings."""

    commands: Commands
    web: Web
    services: Services
    gitops: GitOps
    storage: Storage
    clock: Clock
