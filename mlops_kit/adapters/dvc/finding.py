"""Finds objects in DVC's cache and, for what is missing, in its default remote; answers with JSON.

Run as a process of its own (`python -I -m mlops_kit.adapters.dvc.finding ROOT`), so that its caller can bound the time.
Standard input says which digests and how large a file may be that is fetched for them: `{"digests": […], "limit": …}`.
The answer is `{"found": {DIGEST: PATH}}`, or `{"error": …}` where the remote fails.
"""

import contextlib
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_kit.adapters.dvc.store import ObjectStore, open_store
from mlops_kit.core.errors import InputError, IntegrityError, KitError
from mlops_kit.core.types import Digest


def find_objects(store: ObjectStore, digests: Sequence[Digest], limit: int) -> Mapping[Digest, Path]:
    """Where the objects lie, after what is missing and small enough was fetched; damaged downloads are dropped."""
    missing = store.missing(digests)
    sizes = store.read_remote_sizes(missing)
    fetched = tuple(digest for digest in missing if sizes.get(digest, limit + 1) <= limit)
    store.fetch_all(fetched)
    for digest in fetched:
        with contextlib.suppress(IntegrityError, FileNotFoundError):
            store.require_whole((digest,))
    lost = set(store.missing(digests))
    return {digest: store.locate(digest.algorithm, digest.value) for digest in digests if digest not in lost}


def main(root: str) -> dict[str, Any]:
    """The answer to the request on standard input."""
    request = json.load(sys.stdin)
    digests = tuple(Digest.parse(text) for text in request["digests"])
    try:
        with open_store(Path(root), "dvc.yaml") as store:
            found = find_objects(store, digests, int(request["limit"]))
    except InputError:
        return {"found": {}}
    except KitError as error:
        return {"error": str(error)}
    return {"found": {str(digest): str(path) for digest, path in found.items()}}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.stdout.write(json.dumps(main(sys.argv[1])))
