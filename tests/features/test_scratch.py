"""Temporary folders lie below the data folder, and those of a killed process go at the next start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from features.scratch import remove_left_folders, temporary_folder

_HOLDING = """
import sys, time
from pathlib import Path
from features.scratch import temporary_folder
with temporary_folder(Path(sys.argv[1]), "held") as folder:
    (folder / "rows").write_text("x")
    print(folder, flush=True)
    time.sleep(600)
"""


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    held = Path(holder.stdout.readline().strip())
    with temporary_folder(tmp_path, "own") as own:
        remove_left_folders(tmp_path)
        assert sorted(path.name for path in (held, own) if path.is_dir()) == sorted((held.name, own.name))
        assert {held.parent, own.parent} == {tmp_path / ".scratch"}
    assert not own.exists()
    holder.kill()
    holder.communicate(timeout=60)
    remove_left_folders(tmp_path)
    assert not held.exists()


def test_a_folder_goes_also_where_its_block_fails(tmp_path: Path) -> None:
    try:
        with temporary_folder(tmp_path, "own") as own:
            raise ValueError
    except ValueError:
        assert not own.exists()
    remove_left_folders(tmp_path / "no data folder")
