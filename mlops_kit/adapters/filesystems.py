"""Opens a storage by its address, with time limits for each of its client's calls where that can be said."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_CALL_SECONDS = 60


def open_filesystem(place: str) -> tuple["AbstractFileSystem", str]:
    """The storage and the place in it, without a slash at its end; a path is a folder here."""
    import fsspec

    options: dict[str, dict[str, Any]] = {
        "s3": {"config_kwargs": {"connect_timeout": _CALL_SECONDS, "read_timeout": _CALL_SECONDS}},
        "gs": {"requests_timeout": _CALL_SECONDS},
        "file": {"auto_mkdir": True},
    }
    scheme = place.partition("://")[0] if "://" in place else "file"
    fs, path = fsspec.core.url_to_fs(place, use_listings_cache=False, **options.get(scheme, {}))
    return fs, str(path).rstrip("/")
