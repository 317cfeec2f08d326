"""Temporary folders, and what killed processes leave of them."""

import subprocess
import sys
from pathlib import Path

from mlops_kit.adapters.scratch import scratch_folder

HOLD = """
import sys, time
from pathlib import Path
from mlops_kit.adapters.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_nothing_stays_of_a_folder(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "sub").mkdir()
    assert not list(tmp_path.iterdir())


def test_a_living_process_keeps_its_folder_and_a_killed_ones_goes(tmp_path: Path) -> None:
    words = [sys.executable, "-I", "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            theirs = Path(holder.stdout.readline().rstrip())
            with scratch_folder(tmp_path):
                assert (theirs / "file").exists()
        finally:
            holder.kill()
    assert theirs.exists()
    with scratch_folder(tmp_path) as ours:
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ours.name, f"{ours.name}.lock"])


def test_what_looks_like_a_leftover_and_is_a_link_is_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    place = tmp_path / "place"
    place.mkdir()
    (place / "mlops-kit-x.lock").touch()
    (place / "mlops-kit-x").symlink_to(kept)
    with scratch_folder(place):
        assert kept.exists()
