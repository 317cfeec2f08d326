"""What the kit asks of the outside world, one Protocol per system.

An implementation raises KitError subclasses only: OutsideError where the system failed (safe to run again),
InputError where the question was wrong. A reading that failed raises; it never answers "nothing there".
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from mlops_kit.core.config import Deploy
from mlops_kit.core.forge import Branch, CheckRun, Comment, CommitStatus, Permission, PullRequest
from mlops_kit.core.inspection import Inspection
from mlops_kit.core.run import (
    CommandEnd,
    PlannedStage,
    RemoteResult,
    Selection,
    StageCommand,
    StageResult,
    StageState,
    Wait,
)
from mlops_kit.core.tables import Table, TableFile
from mlops_kit.core.types import (
    AliasReading,
    CommandResult,
    CommitSha,
    Digest,
    EnvironmentName,
    Model,
    ModelName,
    PromotionRecord,
    RegisteredVersion,
    ResolvedValues,
    ServingReading,
    StageName,
)


class Git(Protocol):
    """The repository's history, read from git objects; paths are from its root with forward slashes."""

    @property
    def root(self) -> Path:
        """The top folder of the work tree."""

    def resolve(self, revision: str) -> CommitSha:
        """The commit that a revision names; InputError where it names none."""

    def merge_base(self, one: str, other: str) -> CommitSha | None:
        """The best common ancestor, None for unrelated histories."""

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether one commit is reachable from the other."""

    def list_files(self, revision: str) -> tuple[str, ...]:
        """All paths of a commit's tree, sorted; regular files only, never links."""

    def read_files(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the commit."""

    def list_special(self, revision: str) -> Mapping[str, str]:
        """What a commit has besides regular files: each path with what it is, a symbolic link or a submodule."""

    @property
    def is_partial(self) -> bool:
        """Whether the clone lacks files that its remote has (`git clone --filter`)."""

    def prefetch(self, wanted: Mapping[CommitSha, Iterable[str]]) -> None:
        """Bring here, by one request, what a partial clone lacks of these files; OutsideError where that fails."""

    @property
    def is_shallow(self) -> bool:
        """Whether the clone's history was cut off (`git clone --depth`)."""

    def fetch_commit(self, revision: str) -> CommitSha:
        """Bring one commit here that the remote has, named by its full id, or by a branch or tag there.

        InputError where the remote has none such, OutsideError where it does not answer.
        """

    def deepen(self, commits: int) -> None:
        """Bring so many more commits of a shallow history here."""

    def read_small_files(self, revision: str, paths: Iterable[str], *, limit: int) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of at most `limit` bytes; larger ones are not read."""

    def list_first_parents(self, revision: str, *, limit: int) -> tuple[CommitSha, ...]:
        """At most so many commits of a branch's own line, the newest (the revision itself) first."""

    def branch_head(self, branch: str) -> CommitSha | None:
        """The head of a branch on the remote if there is one, else here; None where there is no such branch."""

    def fetch(self) -> None:
        """Bring branches and the promotion log of the remote up to date; nothing without a remote."""


class Tree(Protocol):
    """The files of one commit, or of the work tree, behind one interface; paths are from the repository's root."""

    @property
    def commit(self) -> CommitSha | None:
        """The commit; None for the work tree."""

    def list_files(self) -> tuple[str, ...]:
        """All paths, sorted; regular files only. Of the work tree: those that git does not ignore."""

    def list_folder(self, folder: str) -> tuple[str, ...]:
        """The regular files below a folder, sorted, those that git ignores too where the tree has them."""

    def list_special(self) -> Mapping[str, str]:
        """What is no regular file and not entered: each path with what it is, a symbolic link or a submodule."""

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the tree."""


class Objects(Protocol):
    """Bytes that DVC tracks, by digest, for reading; nothing is written but the cache."""

    def find(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, Path]:
        """Where the bytes lie of those that can be had, for a DVC root (a folder).

        What is not in the cache is asked of the DVC remote in one go, except files of more than `limit` bytes.
        OutsideError where the remote fails or takes too long; what it does not have is left out.
        """

    def read(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, bytes]:
        """The bytes themselves, compared with their digests: as `find`, without what is damaged or over the limit."""


class Tables(Protocol):
    """Rows and columns of CSV and Parquet files. Their bytes are a stranger's: what is wrong is an answer."""

    def read(self, files: Iterable[TableFile]) -> Mapping[TableFile, Table]:
        """What each file holds, or the error in its place. OutsideError where none can be read at all."""


class Resolver(Protocol):
    """What only DVC knows: values behind templates, in the cache, in Python files."""

    def read_values(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        """All metrics and params of the DVC root (a folder) at a commit, None for the work tree.

        OutsideError where DVC fails as a whole or takes too long.
        """


class PromotionLog(Protocol):
    """The append-only log of promotions; reading is of the last fetch."""

    def read_records(self) -> tuple[PromotionRecord, ...]:
        """All records, ordered by model, environment and seq."""

    def append_record(self, record: PromotionRecord) -> None:
        """Add a record at its seq; ConflictError where the seq is taken, nothing written then."""


class Artifacts(Protocol):
    """The bytes of models, by digest, from the cache or the DVC remote."""

    def fetch_model(self, model: Model, commit: CommitSha) -> "ModelFiles":
        """The model's bytes, verified against its digest.

        RefusedError where the bytes are nowhere, IntegrityError where they hash to something else.
        """


class ModelFiles(Protocol):
    """A model's verified bytes: relative path of each file to where it lies; a single file has one entry."""

    @property
    def files(self) -> Mapping[str, Path]:
        """Relative path (its name, for a single file) to a readable file."""

    @property
    def sha256(self) -> str:
        """The hash of the tree: see docs/reference/digests.md."""


class Registry(Protocol):
    """A model registry with versions, found by digest, and aliases, one per environment."""

    def read_version(self, model: ModelName, digest: Digest) -> RegisteredVersion | None:
        """The canonical version of the digest: the lowest number that carries it."""

    def ensure_version(self, record: PromotionRecord, files: ModelFiles) -> RegisteredVersion:
        """Find or create the version of the record's digest, with the bytes published; safe to repeat and to race."""

    def read_alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading:
        """Where the alias points now."""

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        """Point the alias at the version, read it back, and note which log number it projects."""


class Commands(Protocol):
    """A team's own short commands, run at the repository's top."""

    def run_command(
        self, words: Sequence[str], variables: Mapping[str, str], *, timeout_seconds: float
    ) -> CommandResult:
        """Run a program, never a shell's line; InputError where it is not there, OutsideError on time-out."""


class Deployer(Protocol):
    """Sends versions to one serving target."""

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """What the target runs now and how well."""

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Make the target run the record's version; safe to repeat. OutsideError where it did not come to run it."""


class Deployers(Protocol):
    """Finds the deployer that an environment's `deploy:` names."""

    def open_deployer(self, deploy: Deploy) -> Deployer:
        """The deployer of this kind with these settings; InputError for an unknown kind or a wrong setting."""


class Forge(Protocol):
    """Pull requests, comments and checks of one repository on a forge (GitHub and the like).

    RefusedError where the token may not do it (the missing permission is named), OutsideError where the forge failed.
    Creating is tried once and never again by itself: who gets an OutsideError lists before trying again.
    """

    def read_login(self) -> str:
        """The name under which the token writes."""

    def read_pull_request(self, number: int) -> PullRequest:
        """The pull request; InputError where there is none of that number."""

    def list_comments(self, number: int) -> tuple[Comment, ...]:
        """All comments of a pull request, of every author and page, by id."""

    def create_comment(self, number: int, body: str) -> None:
        """Add a comment."""

    def update_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; ConflictError where it was deleted meanwhile."""

    def delete_comment(self, comment: Comment) -> None:
        """Remove a comment; one that is gone already is fine."""

    def set_commit_status(self, commit: CommitSha, status: CommitStatus) -> None:
        """Set one check of a commit; the last one set for a context counts."""

    def set_check_run(self, commit: CommitSha, check: CheckRun) -> None:
        """Set the check run of its name; nothing is written where it says that already.

        RefusedError where the token may set none, as those that belong to no app.
        """

    def find_pull_requests(self, commit: CommitSha) -> tuple[PullRequest, ...]:
        """The pull requests that have the commit, and the merged one that brought it, by number."""

    def find_branch_pull_requests(self, branch: Branch) -> tuple[PullRequest, ...]:
        """The open pull requests of a branch of this repository or a fork, by number."""

    def read_permission(self, login: str) -> Permission:
        """What an account may do here; NONE where it is unknown."""


class Pictures(Protocol):
    """Keeps pictures where a comment can link to them, one set per pull request and report; a set is a commit.

    RefusedError where the token may not write contents.
    """

    def publish(self, number: int, files: Mapping[str, str | bytes]) -> CommitSha:
        """Put the files, by name, in the place of what was there; the commit that holds them. Safe to repeat."""

    def address(self, commit: CommitSha, name: str) -> str:
        """Where a browser finds a file of a published commit."""

    def read_kept(self, number: int) -> CommitSha | None:
        """The commit that is kept now, None where there are no pictures."""

    def keep(self, number: int, commit: CommitSha) -> None:
        """Put an earlier published commit in the place of what is kept; ConflictError where it is none of pictures."""

    def prune(self, number: int) -> None:
        """Remove all pictures of a pull request, of every report; fine where there are none."""


class Pipeline(Protocol):
    """DVC's bookkeeping for one run, called from one thread.

    A method that names a stage raises StageFailedError where that stage cannot go on, OutsideError where another
    process holds DVC's lock.
    """

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """The stages of the run in DVC's order; InputError where the pipeline or a target is wrong."""

    def arrivals(self) -> tuple[StageName, ...]:
        """Stages that awaited data and need not any longer, each told once."""

    def prepare(self, stage: StageName) -> StageCommand | StageState:
        """Look at a stage whose inputs are final: what to execute, or how it ended without a command.

        Outputs of a stage that will run are removed as DVC does.
        """

    def record(self, stage: StageName, remote: RemoteResult | None = None) -> None:
        """Hash, cache and note what a stage's command produced; or note what it brought back from elsewhere."""

    def abandon(self, stage: StageName) -> Path | None:
        """Bring back the outputs of a stage whose command failed, as far as they were there or in the cache.

        The folder that holds what the command left in their place, None where it left nothing there.
        """

    def flush(self) -> None:
        """Write what was noted into dvc.lock and `.dvc` files, each file in one step."""

    def push(self) -> None:
        """Send outputs, run-cache and small uncached outputs to the DVC remote."""

    def verify(self, stages: Iterable[StageName]) -> None:
        """Hash every output of the stages against the lock; IntegrityError where one is damaged beyond repair."""

    def finish(self, results: Iterable[StageResult]) -> None:
        """Flush, and leave the results for `report`."""


class Forecaster(Protocol):
    """Looks at a pipeline before a run. Nothing is run, written, locked or fetched, and no other machine is asked."""

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """The stages of such a run in DVC's order; InputError where the pipeline or a target is wrong."""

    def inspect(self, stage: StageName) -> Inspection:
        """A planned stage beside its lock entry; InputError where one of its files cannot be read."""

    def find_result(self, stage: StageName, inputs: Mapping[str, Digest]) -> Mapping[str, Digest] | None:
        """The digests, by output, that a run would restore for a planned stage, all of them in the cache; else None.

        `inputs` names what is not here yet with the digest it will have; the other inputs are as they lie here.
        """


class Engine(Protocol):
    """Where stage commands run, side by side."""

    def start(self, command: StageCommand) -> None:
        """Start a stage's commands."""

    def wait(self, seconds: float) -> CommandEnd | None:
        """The next command that ended, None after so many seconds.

        InterruptedRunError, once, when the user or the runner asks to stop; what runs was told so already.
        """

    def stop(self) -> tuple[CommandEnd, ...]:
        """End what runs, politely and then not; how each of them ended."""


class OwnLoop(Protocol):
    """DVC's own loop, as one command for an engine."""

    def command(self, selection: Selection, *, keep_going: bool) -> StageCommand:
        """What runs the selected stages."""

    def read_results(self) -> tuple[StageResult, ...]:
        """How the stages that started ended so far; one that has not ended is a failed one without a message."""

    def current_stage(self) -> StageName:
        """The stage that DVC is at: what is printed now is printed by it."""


class Progress(Protocol):
    """Tells people how a run goes."""

    def begin(self, stages: Iterable[StageName]) -> None:
        """The run looks at these stages."""

    def start(self, stage: StageName, place: str) -> None:
        """A stage's command starts; `place` names the GPUs it holds, or is empty."""

    def waits(self, waits: tuple[Wait, ...]) -> None:
        """Nothing more can start now; what stages wait for that could start but for a mutex or GPUs."""

    def line(self, stage: StageName, text: str) -> None:
        """A stage printed a line; called from any thread."""

    def end(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """A stage is over; `tail` holds the last lines it printed."""

    def retry(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """A stage failed and is tried again."""

    def note(self, text: str) -> None:
        """Something people should know."""

    def close(self) -> None:
        """Nothing more comes."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, time-zone aware."""
