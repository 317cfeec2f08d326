"""The secret of the fault tests is found wherever it comes out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.github import FakeGitHub
from tests.faults.canary import SECRET, Canary

pytestmark = pytest.mark.faults


def chain(watched: Canary) -> None:
    error = ValueError("harmless")
    error.__cause__ = KeyError(SECRET)
    watched.tell(error)


LEAKS: dict[str, Callable[[Canary], object]] = {
    "output": lambda watched: watched.texts.append(f"token {SECRET}"),
    "error": chain,
    "file": lambda watched: (watched.folder / "left.json").write_text(f'{{"token": "{SECRET}"}}'),
    "comment": lambda watched: watched.servers[0].add_comment(7, SECRET, author="kit"),
    "request": lambda watched: watched.servers[0].log.append({"path": f"/x?token={SECRET}"}),
    "picture": lambda watched: watched.servers[0].objects.add_blob(SECRET.encode()),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_a_leak_is_found(tmp_path_factory: pytest.TempPathFactory, leak: Callable[[Canary], object]) -> None:
    github = FakeGitHub()
    watched = Canary(folder=Path(tmp_path_factory.mktemp("watched")), servers=[github])
    assert watched.find() == []

    leak(watched)

    assert len(watched.find()) == 1
    github._server.server_close()
