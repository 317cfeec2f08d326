"""Makes the commit that brings versions back where files say what environments run: it changes one such file."""

from collections.abc import Sequence

from mlops_kit.commands.rollback_tree import Bench
from mlops_kit.core.config import Config
from mlops_kit.core.ports.drafts import Draft
from mlops_kit.core.promotion.environment_lock import (
    LockedModel,
    environment_lock_path,
    environment_lock_text,
    parse_environment_lock,
)
from mlops_kit.core.promotion.going_back import Way
from mlops_kit.core.types import CommitSha


def make_file_way(bench: Bench, config: Config, ways: Sequence[Way]) -> CommitSha:
    """The commit on top of the branch in whose file these models have the versions that come back; all else stays."""
    path = environment_lock_path(config, bench.environment)
    data = bench.git.read_files(bench.head, [path]).get(path)
    models = {one.name: one for one in parse_environment_lock(data, file=path)} if data is not None else {}
    for way in ways:
        models[way.model] = LockedModel(name=way.model, digest=way.digest, commit=way.target.commit)
    draft = Draft(
        parent=bench.head,
        tree=bench.head,
        source=bench.head,
        files={path: environment_lock_text(models.values()).encode()},
        message=bench.message,
    )
    return bench.drafts.make_commit(draft)
