"""GTO tags in memory."""

from collections.abc import Iterable

from mlops_kit.core.types import GtoTag


class MemoryMirror:
    """The Mirror port without a repository; `writes` counts what was created."""

    def __init__(self, tags: Iterable[GtoTag] = ()) -> None:
        self.tags = {tag.name: tag for tag in tags}
        self.writes = 0

    def read_tags(self) -> tuple[GtoTag, ...]:
        """All tags, by name."""
        return tuple(tag for _, tag in sorted(self.tags.items()))

    def create_tags(self, tags: Iterable[GtoTag]) -> bool:
        """Create the tags; False where a name is taken, nothing written then."""
        made = tuple(tags)
        if any(tag.name in self.tags and self.tags[tag.name] != tag for tag in made):
            return False
        self.tags |= {tag.name: tag for tag in made}
        self.writes += len(made)
        return True
