"""The action's entry: makes the kit's private environment where there is none yet, then runs the kit in it.

Runs on the runner's own Python with nothing but its standard library. The environment lies apart from everything the
job's steps see: nothing is put on PATH, and no variable is set for them. It is keyed by the lock's content, the Python
and the machine, so that a runner that keeps its tool cache makes it once.
"""

import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

HOME = Path(__file__).resolve().parent.parent
SYSTEMS = ("linux", "darwin")
OLDEST_PYTHON = (3, 11)
EXTRAS = ("s3", "gs", "azure", "plots", "drift", "pandera", "sweep")
MARKER = "complete"
INPUTS = ("KIT_COMMAND", "KIT_FOLDER", "KIT_EXTRAS", "KIT_PYTHON")
INSTALL_SECONDS = 900
INSTALL_WORDS = ("--require-hashes", "--only-binary", ":all:", "--no-binary", "antlr4-python3-runtime")
"""Only the lock's own bytes, and no code of a package runs to build it; one of DVC's libraries has no wheel, and is
built from its source with the lock's own build tools."""
INPUT = 2
OUTSIDE = 5
PRIVATE = re.compile(
    r"PYTHON.*|VIRTUAL_ENV|__PYVENV_LAUNCHER__|.*TOKEN.*|.*SECRET.*|ACTIONS_.*|GITHUB_OUTPUT|GITHUB_ENV"
)
"""Variables that an installation neither needs nor may see."""
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from mlops_kit.cli import main; main()"


def main() -> NoReturn:
    """Run the command of the action's inputs; never comes back."""
    variables = dict(os.environ)
    check_machine(sys.platform, sys.version_info[:2])
    words = read_command(variables)
    environment = find_environment(variables)
    folder = Path(variables.get("KIT_FOLDER") or ".")
    if not folder.is_dir():
        fail(INPUT, f"working-directory {folder} is not a folder", "check out the repository first")
    os.chdir(folder)
    python = str(environment / "bin" / "python")
    sys.stdout.flush()
    os.execve(python, [python, "-I", "-c", START, str(HOME), *words], child_variables(variables))  # noqa: S606


def check_machine(system: str, version: tuple[int, int]) -> None:
    """Refuse a machine that the kit does not run on."""
    if system not in SYSTEMS:
        fail(INPUT, f"runs on Linux and macOS, this is {system}", "run the job on one of those, or in WSL")
    if version < OLDEST_PYTHON:
        fail(INPUT, f"needs Python 3.11 or newer, this is {version[0]}.{version[1]}", "set the input python")


def read_command(variables: Mapping[str, str]) -> list[str]:
    """The words of the command, quoted as in a shell; no shell ever sees them."""
    try:
        words = shlex.split(variables.get("KIT_COMMAND", ""))
    except ValueError as error:
        fail(INPUT, f"the input command cannot be split into words: {error}", "close the quotes")
    if not words:
        fail(INPUT, "the input command is empty", "for example: command: report --base main")
    return words


def find_environment(variables: Mapping[str, str]) -> Path:
    """An environment that has what the lock says; made if need be."""
    if given := variables.get("MLOPS_KIT_ENVIRONMENT"):
        return Path(given)
    locks = choose_locks(variables.get("KIT_EXTRAS", ""))
    home = Path(variables.get("RUNNER_TOOL_CACHE") or variables.get("RUNNER_TEMP") or tempfile.gettempdir())
    environment = home / "mlops-kit" / environment_key(b"".join(lock.read_bytes() for lock in locks))
    if not is_complete(environment):
        with only_one(environment.with_suffix(".lock")):
            if not is_complete(environment):
                make_environment(environment, locks, installer_variables(variables))
    return environment


def choose_locks(extras: str) -> tuple[Path, ...]:
    """The lock of each extra, or that of the kit alone; all agree on versions, since one list constrains them."""
    names = sorted(set(extras.split())) or ["run"]
    if unknown := [name for name in names if name != "run" and name not in EXTRAS]:
        fail(INPUT, f"the input extras has {unknown[0]!r}", f"some of {', '.join(EXTRAS)}, with spaces, or nothing")
    return tuple(HOME / "locks" / f"{name}.lock" for name in names)


def environment_key(lock: bytes) -> str:
    """What an environment depends on, as a short name."""
    version = f"{platform.python_implementation()}-{platform.python_version()}"
    about = f"{version} {sys.base_prefix} {platform.system()} {platform.machine()}"
    return hashlib.sha256(about.encode() + b"\0" + lock).hexdigest()[:24]


def is_complete(environment: Path) -> bool:
    """Whether an installation reached its end; the marker is written last."""
    return (environment / MARKER).is_file()


@contextmanager
def only_one(lock_file: Path) -> Iterator[None]:
    """Keep other jobs of this machine out; a lock of a process that died is free again."""
    import fcntl  # not on Windows, which is refused with a word

    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_environment(environment: Path, locks: Sequence[Path], variables: Mapping[str, str]) -> None:
    """Install the locks, by hash, from nothing; what a broken installation left is removed first."""
    started = time.monotonic()
    shutil.rmtree(environment, ignore_errors=True)
    python = str(environment / "bin" / "python")
    call([sys.executable, "-I", "-m", "venv", str(environment)], variables)
    tools = environment / "tools.lock"
    tools.write_text("".join(requirement(name, locks[0].read_text()) for name in ("uv", "setuptools")))
    pip = [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    call([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(tools)], variables)
    uv = [str(environment / "bin" / "uv"), "--quiet", "--system-certs", "pip", "sync", "--python", python]
    call([*uv, *INSTALL_WORDS, "--no-build-isolation", "--compile-bytecode", *map(str, locks)], variables)
    (environment / MARKER).write_text(" ".join(lock.name for lock in locks) + "\n")
    print(f"mlops-kit: made its environment in {time.monotonic() - started:.0f} s", file=sys.stderr)


def requirement(name: str, lock: str) -> str:
    """The lock's own entry of a package, with its hashes."""
    found = re.search(rf"^{name}==[^\n]*(?:\n[ \t]+[^\n]*)*", lock, re.MULTILINE)
    if not found:
        fail(OUTSIDE, f"the lock does not name {name}", "use a released version of the action")
    return f"{found[0]}\n"


def call(words: list[str], variables: Mapping[str, str]) -> None:
    """Run an installer to its end, or end with what it said."""
    try:
        done = subprocess.run(
            words, env=dict(variables), capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        fail(OUTSIDE, f"the installation took longer than {INSTALL_SECONDS} s", "run it again")
    if done.returncode != 0:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
        fail(OUTSIDE, f"{Path(words[0]).name} could not install", "check the package index and run it again")


def installer_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """What an installer may see: no token, nothing that would bend Python."""
    return {name: value for name, value in variables.items() if not PRIVATE.fullmatch(name)}


def child_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """What the kit sees: the job's own variables without the action's inputs."""
    return {name: value for name, value in variables.items() if name not in INPUTS}


def fail(code: int, message: str, hint: str) -> NoReturn:
    """Say what is wrong and end."""
    print(f"mlops-kit: error: {message}\nhint: {hint}", file=sys.stderr)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        print(f"::error::{message}".replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))
    sys.exit(code)


if __name__ == "__main__":
    main()
