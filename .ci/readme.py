"""Run the console blocks of README and manual and compare what they print; --write puts in what they print now.

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

PAGES = (Path("README.md"), Path("docs/real_loans.md"))
"""Each begins with an empty data folder."""
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
DIGEST = re.compile(r"\d+-[0-9a-f]{8,16}")
SHARED = "../shared"


def main() -> None:
    for page in PAGES:
        print(f"-- {page}", flush=True)
        check(page)


def check(page: Path) -> None:
    """Run a page's blocks; compare what they print with the page, or write it."""
    text = page.read_text("utf-8")
    with tempfile.TemporaryDirectory() as data:
        environment = {
            **os.environ,
            "LIGHTS_DATA": data,
            "LIGHTS_LANG": "en",
            "PATH": f"{Path('.venv/bin').resolve()}:{os.environ['PATH']}",
        }
        printed = BLOCK.sub(lambda block: ran(block.group(), environment), text)
    if "--write" in sys.argv:
        page.write_text(printed, "utf-8")
    elif not alike(text, printed):
        sys.exit(f"{page} does not say what its commands print; run .ci/readme.py --write and look at the change")


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
        before, now = (float(word.strip("()[],+%").replace(",", "")) for word in (written, printed))
    except ValueError:
        print(f"the page says {written!r}, the command prints {printed!r}")
        return False
    return abs(before - now) <= max(0.02 * abs(before), 0.02)


if __name__ == "__main__":
    if not shutil.which(".venv/bin/lights"):
        sys.exit("run ./run test once first: it makes .venv")
    main()
