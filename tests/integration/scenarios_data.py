"""What lies in the workspace and in the cache: kinds of files, links, old formats, edits by hand."""

import json
import re
import shutil

from tests.integration.dvc_project import Project
from tests.integration.scenario import (
    Change,
    Scenario,
    adding,
    in_turn,
    nothing,
    removing,
    removing_folder,
    writing,
)

_COPY = "stages: {copy: {cmd: cat in > out, deps: [in], outs: [out]}}"
_CHAIN = """
stages:
  first:
    cmd: head -c 1 in > mid
    deps: [in]
    outs: [mid]
  second:
    cmd: cat mid > end; echo '{"n":1}' > m.json
    deps: [mid]
    outs: [end]
    metrics:
      - m.json: {cache: false}
"""
_SHAPES = """
stages:
  executable:
    cmd: echo 'echo hi' > run.sh && chmod +x run.sh
    outs: [run.sh]
  empty_folder:
    cmd: mkdir -p none
    outs: [none]
  nested:
    cmd: mkdir -p tree/a/b tree/c && touch tree/a/b/empty && echo 1 > tree/c/one && chmod +x tree/c/one
    outs: [tree]
  empty_file:
    cmd: touch nothing
    outs: [nothing]
  unicode:
    cmd: mkdir -p 'zażółć/日本' && echo ä > 'zażółć/日本/öl.txt' && echo 1 > '🎈.txt'
    outs: [zażółć, 🎈.txt]
  link:
    cmd: ln -sf run.sh link
    deps: [run.sh]
    outs: [link]
  folder_with_links:
    cmd: mkdir -p links && echo 1 > links/a && ln -sf a links/b
    outs: [links]
"""
_PERSIST = """
stages:
  log:
    cmd: cat in >> log.txt
    deps: [in]
    outs:
      - log.txt: {persist: true}
  folder:
    cmd: mkdir -p kept && cat in > kept/$(ls kept | wc -l)
    deps: [in]
    outs:
      - kept: {persist: true}
  plain:
    cmd: mkdir -p bare && cat in > bare/a
    deps: [in]
    outs:
      - bare: {cache: false}
"""
_BACKSLASHES = r"""
stages:
  windows:
    cmd: cat '.\data\raw\in.txt' > '.\out.txt'
    deps: ['.\data\raw\in.txt']
    outs: ['.\out.txt']
"""


def configured(text: str) -> Change:
    """More of DVC's configuration."""
    return lambda project: project.write({".dvc/config": project.read(".dvc/config") + text})


def ageing(*files: str) -> Change:
    """The lock, `.dvc` files and cache as DVC 2 left them: no `hash:`, objects beside each other."""

    def act(project: Project) -> None:
        for file in files:
            project.write({file: re.sub(r"\n *hash: md5(?=\n)", "", project.read(file))})
        cache = project.root / ".dvc/cache"
        for path in list((cache / "files/md5").glob("*/*")):
            place = cache / path.parent.name / path.name
            place.parent.mkdir(exist_ok=True)
            path.rename(place)
        shutil.rmtree(cache / "files")
        shutil.rmtree(cache / "runs", ignore_errors=True)

    return act


def editing_output(path: str, text: str) -> Change:
    """An output that somebody edits: DVC's copy of it in the cache stays."""

    def act(project: Project) -> None:
        (project.root / path).unlink()
        project.write({path: text})

    return act


def linking(path: str, target: str) -> Change:
    """A symbolic link within the workspace."""

    def act(project: Project) -> None:
        place = project.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    return act


def committing(project: Project) -> None:
    """`dvc commit --force`."""
    with project.opened() as repo:
        repo.commit(force=True)


def untracking(path: str) -> Change:
    """A file that git forgets."""

    def act(project: Project) -> None:
        project.git("rm", "--quiet", "--cached", path)

    return act


def emptying_runs(project: Project) -> None:
    """A run-cache that was lost."""
    shutil.rmtree(project.root / ".dvc/cache/runs")


def numbers(count: int) -> str:
    """A small plot's points."""
    return json.dumps([{"x": one, "y": one * one} for one in range(count)])


def linked_cache(kind: str) -> Scenario:
    """A cache that the workspace is linked to; a link's bytes are the cache's, so nothing edits them."""
    return Scenario(
        files={"dvc.yaml": _SHAPES},
        changes=(configured(f"[cache]\n    type = {kind}\n"), removing("run.sh"), removing_folder("tree")),
    )


DATA_SCENARIOS = {
    "executable, empty, unicode and linked outputs": Scenario(
        files={"dvc.yaml": _SHAPES}, changes=(nothing, removing("nothing"), removing_folder("none"), removing("link"))
    ),
    "links to the cache: symbolic": linked_cache("symlink"),
    "links to the cache: hard": linked_cache("hardlink"),
    "outputs that persist, or that git keeps": Scenario(
        files={"dvc.yaml": _PERSIST, "in": "1"},
        changes=(nothing, writing({"in": "2"}), writing({"in": "1"}), removing_folder("bare")),
    ),
    "a folder that was added by hand": Scenario(
        files={"dvc.yaml": "stages: {count: {cmd: ls data > n, deps: [data], outs: [n]}}", "data/a": "1"},
        changes=(
            in_turn(untracking("data/a"), adding("data", None)),
            writing({"data/c": "3"}),
        ),
    ),
    "a result that comes from the run-cache": Scenario(
        files={"dvc.yaml": _CHAIN, "in": "1"},
        changes=(nothing, writing({"in": "2"}), writing({"in": "1"}), removing("end"), removing("m.json")),
    ),
    "a lost run-cache": Scenario(
        files={"dvc.yaml": _CHAIN, "in": "1"}, changes=(nothing, in_turn(emptying_runs, writing({"in": "2"})))
    ),
    "an edited output": Scenario(
        files={"dvc.yaml": _CHAIN, "in": "1"},
        changes=(nothing, editing_output("mid", "edited"), editing_output("m.json", '{"n":2}')),
    ),
    "an edited output that was committed": Scenario(
        files={"dvc.yaml": _CHAIN, "in": "1"}, changes=(nothing, in_turn(editing_output("mid", "edited"), committing))
    ),
    "a changed input with the same result": Scenario(
        files={"dvc.yaml": _CHAIN, "in": "12"}, changes=(nothing, writing({"in": "13"}))
    ),
    "a lock and a cache of DVC 2": Scenario(
        files={"dvc.yaml": _CHAIN, "in": "1"},
        changes=(nothing, ageing("dvc.lock"), writing({"in": "2"}), writing({"in": "1"})),
    ),
    "a lock of DVC 2 with everything gone from the workspace": Scenario(
        files={"dvc.yaml": _CHAIN, "in": "1"}, changes=(nothing, in_turn(ageing("dvc.lock"), removing("mid")))
    ),
    "a .dvc file of DVC 2": Scenario(
        files={"dvc.yaml": _COPY},
        changes=(adding("in", "1\n"), ageing("dvc.lock", "in.dvc"), writing({"in": "2\n"})),
    ),
    "a link inside the repository as input": Scenario(
        files={"dvc.yaml": _COPY, "real/in": "1"},
        changes=(linking("in", "real/in"), writing({"real/in": "2"})),
    ),
    "backslashes in names": Scenario(
        files={"dvc.yaml": _BACKSLASHES, ".\\data\\raw\\in.txt": "1"},
        changes=(nothing, writing({".\\data\\raw\\in.txt": "2"})),
    ),
}
