"""What a repository has that the kit's files are written for. Values only; who reads them is elsewhere."""

from collections.abc import Iterable, Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass

from mlops_kit.core.config import Goal
from mlops_kit.core.review.directions import assume_goal
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import ModelName, StageName

CODEOWNERS_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for owners of code; the first that is there counts."""
SETUP_FILES: Mapping[str, str] = {
    "requirements.txt": "pip install -r requirements.txt",
    "uv.lock": "pip install uv && uv export --quiet --frozen --no-dev --no-hashes | pip install -r /dev/stdin",
    "pyproject.toml": "pip install .",
    "setup.py": "pip install .",
}
"""A file at the top of the pipeline's folder, and what prepares the stages then; the first that is there counts."""
NO_EXTRA = ""
_EXTRAS: Mapping[str, str] = {"s3": "s3", "gs": "gs", "azure": "azure"}
_UNINSTALLED = frozenset({"oss", "gdrive", "hdfs", "webhdfs", "webdav", "webdavs"})


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A DVC remote; `scheme` is how its address begins, empty for a folder."""

    name: str
    scheme: str
    is_default: bool = False

    @property
    def extra(self) -> str:
        """What the kit must install to reach it; empty where it needs nothing more."""
        return _EXTRAS.get(self.scheme, NO_EXTRA)

    @property
    def is_supported(self) -> bool:
        """Whether the kit's locks have what reaches it."""
        return self.scheme not in _UNINSTALLED


@dataclass(frozen=True, kw_only=True)
class FoundMetric:
    """A metric of a metrics file; `goal` is what its name suggests, None where it suggests none."""

    path: str
    key: str
    goal: Goal | None


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What was found. `root` is the DVC root's folder, empty for the top; `roots` are all of them.

    `setup` and `python` are guesses of what the stages need, empty where nothing suggests any. `codeowners` is the file
    that GitHub would read, empty where there is none.
    """

    roots: tuple[str, ...]
    root: str
    stages: tuple[StageName, ...] = ()
    models: tuple[ModelName, ...] = ()
    metrics: tuple[FoundMetric, ...] = ()
    remotes: tuple[Remote, ...] = ()
    branches: tuple[str, ...] = ()
    default_branch: str = "main"
    setup: str = ""
    python: str = ""
    codeowners: str = ""

    @property
    def remote(self) -> Remote | None:
        """The DVC remote that is used where none is named."""
        return next((one for one in self.remotes if one.is_default), None)


def parse_remotes(data: bytes | None) -> tuple[Remote, ...]:
    """The remotes of a `.dvc/config`, by name; none where it cannot be read, for DVC itself will say so."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string((data or b"").decode("utf-8"))
    except (Error, UnicodeDecodeError):
        return ()
    default = parser.get("core", "remote", fallback="")
    sections = ((section.strip("'"), parser[section]) for section in parser.sections())
    found = (
        (section.removeprefix('remote "').removesuffix('"'), values.get("url", ""))
        for section, values in sections
        if section.startswith('remote "')
    )
    return tuple(
        Remote(name=name, scheme=url.partition("://")[0] if "://" in url else "", is_default=name == default)
        for name, url in sorted(found)
    )


def find_metrics(files: Iterable[MetricFile]) -> tuple[FoundMetric, ...]:
    """Every metric of the files, with the goal that its name suggests."""
    return tuple(
        FoundMetric(path=file.path, key=key, goal=assume_goal(key)) for file in files for key in sorted(file.values)
    )


def guess_setup(names: Iterable[str]) -> str:
    """The command that prepares what the stages need, by the files at the top of their folder."""
    present = set(names)
    return next((command for file, command in SETUP_FILES.items() if file in present), "")


def guess_python(version_file: bytes | None) -> str:
    """The Python that a `.python-version` asks for, as `3.12`; empty where it asks for none of these."""
    first = (version_file or b"").decode("utf-8", "replace").strip().splitlines()[:1]
    parts = first[0].strip().split(".") if first else []
    return ".".join(parts[:2]) if len(parts) >= 2 and all(part.isdecimal() for part in parts[:2]) else ""
