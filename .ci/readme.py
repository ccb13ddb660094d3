"""Run the README's console blocks and compare what they print; --write puts in what they print now.

A block is a line `$ command` and the output below it. Numbers may differ in the last bits from machine to
machine, so they are compared within two per cent, and digests not at all. Blocks that need the real loans in
../shared are left out, and said to be, where those are absent.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

README = Path("README.md")
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
DIGEST = re.compile(r"\d+-[0-9a-f]{8,16}")
SHARED = "../shared"


def main() -> None:
    text = README.read_text("utf-8")
    with tempfile.TemporaryDirectory() as data:
        environment = {
            **os.environ,
            "LIGHTS_DATA": data,
            "LIGHTS_LANG": "en",
            "PATH": f"{Path('.venv/bin').resolve()}:{os.environ['PATH']}",
        }
        printed = BLOCK.sub(lambda block: ran(block.group(), environment), text)
    if "--write" in sys.argv:
        README.write_text(printed, "utf-8")
    elif not alike(text, printed):
        sys.exit("README.md does not say what its commands print; run .ci/readme.py --write and look at the change")


def ran(block: str, environment: dict[str, str]) -> str:
    if SHARED in block and not Path(SHARED, "data").is_dir():
        print(f"left out, no {SHARED}/data here: {block.splitlines()[0]}")
        environment["WITHOUT_SHARED"] = "yes"
    if environment.get("WITHOUT_SHARED"):
        return block
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{output(command, environment)}" for command in commands)


def output(command: str, environment: dict[str, str]) -> str:
    print(f"$ {command}", flush=True)
    words = shlex.split(command)
    if words[:2] == ["lights", "serve"]:
        return served(words, environment)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def served(words: list[str], environment: dict[str, str]) -> str:
    """Start it, ask whether it is ready, stop it."""
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        line = server.stdout.readline()
        address = re.search(r"http://\S+", line)
        if not address:
            sys.exit(f"{shlex.join(words)} named no address: {line}")
        with urlopen(address.group() + "health/ready", timeout=60) as answer:
            print(answer.status, answer.read().decode())
        server.send_signal(signal.SIGINT)
    return line


def alike(written: str, printed: str) -> bool:
    """Word by word, numbers within two per cent, digests whatever they are."""
    pairs = zip(words_of(written), words_of(printed), strict=False)
    return len(words_of(written)) == len(words_of(printed)) and all(same(a, b) for a, b in pairs)


def words_of(text: str) -> list[str]:
    return DIGEST.sub("digest", text).split()


def same(written: str, printed: str) -> bool:
    if written == printed:
        return True
    try:
        before, now = (float(word.strip("(),+%").replace(",", "")) for word in (written, printed))
    except ValueError:
        print(f"README says {written!r}, the command prints {printed!r}")
        return False
    return abs(before - now) <= max(0.02 * abs(before), 0.02)


if __name__ == "__main__":
    if not shutil.which(".venv/bin/lights"):
        sys.exit("run ./run test once first: it makes .venv")
    main()
