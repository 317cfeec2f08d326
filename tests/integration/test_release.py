"""A dry run of a release: what is in the packages, and that what is installed from them works."""

import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from mlops_kit import DISTRIBUTION
from tests.threats.releases import TAG, VERSION, git, make_releasable, release

KIT = Path(__file__).resolve().parents[2]
INSTALLS = re.compile(r"(?:pip|uv|uvx|pipx)\b[^\n`]*\bmlops[-_]?kit[^\n`]*")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_releasable(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def dist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = release(source, "build", TAG, str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone, which borrows the dependencies of this one."""
    environment = tmp_path_factory.mktemp("installed") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    uv = str(Path(sys.executable).parent / "uv")
    words = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(environment / "bin/python")]
    subprocess.run([*words, str(wheel)], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    (own,) = [path for path in map(Path, sys.path) if path.name == "site-packages" and path.is_dir()][:1]
    (site / "borrowed.pth").write_text(f"{own}\n")
    return environment


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_package_and_what_it_reads_and_nothing_else(source: Path, wheel: Path) -> None:
    found = {name for name in names(wheel) if ".dist-info/" not in name}
    listed = set(git(source, "ls-files", "mlops_kit", "examples", "schemas").splitlines())
    moved = {name if name.startswith("mlops_kit/") else f"mlops_kit/{name}" for name in listed}

    assert found == moved | {"mlops_kit/release.json"}
    assert "mlops_kit/py.typed" in found
    assert "mlops_kit/templates/report.html.jinja" in found


def test_the_source_distribution_is_what_git_archives(source: Path, dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        found = {member.name.partition("/")[2]: member.mode & 0o111 for member in archive.getmembers()}
    listed = set(git(source, "ls-files").splitlines())

    assert set(found) == listed | {"PKG-INFO", "mlops_kit/release.json"}
    assert found["bin/bootstrap"] != 0


def read_metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_metadata_names_the_distribution_and_its_page_renders(wheel: Path) -> None:
    metadata = read_metadata(wheel)

    assert (metadata["Name"], metadata["Version"]) == (DISTRIBUTION, VERSION)
    assert metadata["Description-Content-Type"] == "text/markdown"
    page = MarkdownIt().render(str(metadata.get_payload()))
    assert page.startswith("<h1>mlops-kit</h1>")


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["reconcile", "--help"]])
def test_the_command_of_the_wheel_works(installed: Path, tmp_path: Path, words: list[str]) -> None:
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [str(installed / "bin/mlops-kit"), *words], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert VERSION in done.stdout if words == ["--version"] else "Usage" in done.stdout


def test_the_wheel_and_not_the_work_tree_is_what_runs(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(installed / "bin/python"), "-c", "import mlops_kit; print(mlops_kit.__file__)"],
        cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_one_name_stands_in_the_project_and_in_every_text_that_installs_it() -> None:
    project = tomllib.loads((KIT / "pyproject.toml").read_text())["project"]
    assert project["name"] == DISTRIBUTION
    assert project["scripts"] == {"mlops-kit": "mlops_kit.cli:main"}
    assert [found for found in installing_texts() if DISTRIBUTION not in found] == []


def installing_texts() -> Iterator[str]:
    """What documents tell people to install."""
    for path in (*KIT.glob("*.md"), *(KIT / "docs").rglob("*.md"), *(KIT / "examples").rglob("*.md")):
        if path.name != "0012-a-name-for-the-index.md":
            yield from INSTALLS.findall(path.read_text())
