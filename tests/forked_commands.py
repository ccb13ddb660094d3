"""Commands of `lights` as forks of one process that has imported the program, which takes longest of a short command.

A command has a process, an environment and streams of its own, and ends as any; only its imports are those of that
process. Tests of imports, of kills and of commands that begin at the same time start a Python of their own.
"""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from sqlalchemy import Engine

from lights import LIBRARY_SETTINGS, main

os.environ.update(LIBRARY_SETTINGS)
os.environ["_RJEM_MALLOC_CONF"] += ",background_thread:false"  # the process that is forked has no threads at work
_PROGRAM = multiprocessing.get_context("forkserver")
_PROGRAM.set_forkserver_preload([__name__, "tests.imported_program"])


def fork_command(words: Sequence[str], environs: Mapping[str, str], out: Path, error: Path) -> ForkServerProcess:
    """Start `lights WORDS` in this environment; what it prints goes into the two files, which may be one."""
    command = _PROGRAM.Process(target=_be_command, args=(words, dict(environs), out, error))
    command.start()
    return command


def run_forked(words: Sequence[str], environs: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run `lights WORDS` to its end in this environment, and return what it printed.

    Raises subprocess.TimeoutExpired, after the command was killed, where it takes longer.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, error = Path(folder, "out"), Path(folder, "error")
        command = fork_command(words, environs, out, error)
        command.join(seconds)
        if command.exitcode is None:
            command.kill()
            command.join()
            raise subprocess.TimeoutExpired(list(words), seconds)
        return subprocess.CompletedProcess(
            list(words), command.exitcode, out.read_text("utf-8"), error.read_text("utf-8")
        )


def _be_command(words: Sequence[str], environs: Mapping[str, str], out: Path, error: Path) -> None:
    """Take on the streams, the environment and the words of a command, and run it."""
    for stream, path in ((sys.stdout, out), (sys.stderr, error)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    sys.stdin = os.fdopen(0, closefd=False)  # workers of the server open the same number
    os.environ.clear()
    os.environ.update(environs)
    sys.argv = ["lights", *words]
    try:
        main()
    finally:  # as at the end of a process that is no fork
        atexit._run_exitfuncs()
        for engine in [each for each in gc.get_objects() if issubclass(type(each), Engine)]:
            engine.dispose()  # SQLite takes its write-ahead log in when the last connection is closed
