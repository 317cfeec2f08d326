"""A run on a disk that fills up at any point: a clear error, nothing lost, and the next run needs only room.

The disk is a tmpfs in a mount namespace of the test's own, so nothing of the machine is touched.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.children import Note, count_trials, random_source

CHILD = "tests.faults.full_disk"
FREE_KIB = (0, 1200)
"""Room before the second run, which needs some 900 KiB."""


def run_on_small_disk(folder: Path, free_kib: int) -> dict[str, object]:
    """What became of a run with that much room; see `tests.faults.full_disk`."""
    words = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    folder.mkdir()
    done = subprocess.run(
        [*words, sys.executable, "-m", CHILD, str(folder), str(free_kib)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)},
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.faults
@pytest.mark.parametrize("part", range(2))
def test_a_full_disk_is_told_and_costs_nothing_but_room(part: int, tmp_path: Path, record_property: Note) -> None:
    chance = random_source(f"disk {part}")
    codes: dict[object, int] = {}
    for trial in range(count_trials(100)):
        free = 40 if trial == 0 else chance.randint(*FREE_KIB)
        found = run_on_small_disk(tmp_path / str(trial), free)
        code, said = found["code"], str(found["said"])
        codes[code] = codes.get(code, 0) + 1
        assert code in {0, 5, 7}, f"{free} KiB: {said}"
        if code != 0:
            assert "No space left on device" in said or "no space left" in said, f"{free} KiB: {said}"
            assert "Traceback" not in said
        assert found["lock"] in {"old", "new", "between"}, f"{free} KiB: {found}"
        assert found["outputs"] == [], f"{free} KiB: lost {found['outputs']}"
        assert (found["second_code"], found["status"]) == (0, {}), f"{free} KiB: {found}"
    counted = ", ".join(f"{count} with exit code {code}" for code, count in sorted(codes.items(), key=str))
    record_property("trials", f"full disk, part {part}: {counted}; each was finished by a run with more room")
