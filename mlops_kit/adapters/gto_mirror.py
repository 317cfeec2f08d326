"""Reads and creates the tags that GTO's tools read; knows git, and nothing of what the tags say.

The remote's tags are read into references of the kit's own, so that no tag of the team's is made, moved or removed
here. What is created is never forced: a name that is taken stays as it is.
"""

from collections.abc import Iterable, Iterator, Sequence

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_command import NETWORK_SECONDS, REMOTE, complaint
from mlops_kit.adapters.git_log_store import LOG_REFS, annotated_tag
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.types import CommitSha, GtoTag

_READ_REFS = "refs/mlops-kit/tags"
_FIELDS = ("refname", "objecttype", "objectname", "*objectname", "taggerdate:unix", "contents")
_FORMAT = "".join(f"%({name})%00" for name in _FIELDS)
_AT_ONCE = 200
"""Tags in one push: so many names fit a command line."""


class GtoMirror:
    """The Mirror port over a repository and its remote, where it has one."""

    def __init__(self, git: GitRepository) -> None:
        self._git = git

    def read_tags(self) -> tuple[GtoTag, ...]:
        """All tags but the log's own, as the remote has them now, else as they are here."""
        home = "refs/tags"
        if self._git.has_remote():
            home = _READ_REFS
            self._git.fetch_references([f"+refs/tags/*:{home}/*", f"^{LOG_REFS}/*"])
        listing = self._git.log_git.expect("for-each-ref", f"--format={_FORMAT}", home).output
        return tuple(_tags(listing.decode("utf-8", "replace"), home))

    def create_tags(self, tags: Iterable[GtoTag]) -> bool:
        """Create the tags; False where a name was taken meanwhile, and others may be there or not."""
        made = [(f"refs/tags/{tag.name}", self._make(tag)) for tag in tags]
        parts = [made[start : start + _AT_ONCE] for start in range(0, len(made), _AT_ONCE)]
        return all(self._push(part) if self._git.has_remote() else self._create(part) for part in parts)

    def _make(self, tag: GtoTag) -> str:
        text = annotated_tag(tag.name, tag.commit, tag.seconds or 0, tag.message)
        return self._git.log_git.expect("mktag", stdin=text).text

    def _push(self, made: Sequence[tuple[str, str]]) -> bool:
        """Push; what the remote took is made here, too, where the clone is a whole one and the name is free."""
        refspecs = [f"{name}:{reference}" for reference, name in made]
        words = ("push", "--quiet", "--no-verify", "--atomic", REMOTE, *refspecs)
        pushed = self._git.log_git.call(*words, timeout_seconds=NETWORK_SECONDS)
        if pushed.code == 0:
            if not self._git.is_shallow:
                self._create(made)
            return True
        if self._is_any_taken(made):
            return False
        raise OutsideError(
            f"git push of {len(made)} GTO tags to {REMOTE} failed: {complaint(pushed)}",
            hint="check the network, and that the token may push tags (permissions: contents: write)",
        )

    def _is_any_taken(self, made: Sequence[tuple[str, str]]) -> bool:
        words = ("ls-remote", "--quiet", REMOTE, *(reference for reference, _ in made))
        listed = self._git.call(*words, timeout_seconds=NETWORK_SECONDS)
        return listed.code == 0 and bool(listed.text)

    def _create(self, made: Sequence[tuple[str, str]]) -> bool:
        """Whether each name that was free could be made here; a name that is taken is left alone."""
        free = "0" * 40
        codes = [self._git.call("update-ref", reference, name, free).code for reference, name in made]
        return not any(codes)


def _tags(listing: str, home: str) -> Iterator[GtoTag]:
    fields = [field.strip("\n") for field in listing.split("\0")[:-1]]
    for start in range(0, len(fields), len(_FIELDS)):
        name, kind, direct, peeled, seconds, message = fields[start : start + len(_FIELDS)]
        if not f"refs/tags/{name.removeprefix(home + '/')}".startswith(f"{LOG_REFS}/"):
            yield GtoTag(
                name=name.removeprefix(f"{home}/"),
                commit=CommitSha(peeled or direct),
                seconds=int(seconds or "0") if kind == "tag" else None,
                message=message,
            )
