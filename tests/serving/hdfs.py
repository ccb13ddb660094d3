"""A folder served as WebHDFS: a storage that no path leads to, with a name node's and a data node's answers."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_PREFIX = "/webhdfs/v1"
_FORBIDDEN, _ABSENT = 403, 404


@dataclass
class Served:
    """The folder, its URL, and what it has been asked. room: bytes it takes still."""

    folder: Path
    url: str = ""
    room: int = 10**9
    written: list[str] = field(default_factory=list)

    def names(self, below: str) -> set[str]:
        """The files below a folder of the storage."""
        return {
            str(path.relative_to(self.folder)) for path in self.folder.glob(f"lights/{below}/**/*") if path.is_file()
        }


@contextmanager
def hdfs(folder: Path) -> Iterator[Served]:
    """Serve a folder until the block ends; the storage is `/lights` in it."""
    folder.mkdir()
    served = Served(folder)
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    served.url = f"webhdfs://127.0.0.1:{server.server_port}/lights"
    running = threading.Thread(target=server.serve_forever, args=(0.05,))
    running.start()
    try:
        yield served
    finally:
        server.shutdown()
        running.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request; https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html says which."""

    served: Served
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self.path_asked.exists():
            self.refuse(_ABSENT, "FileNotFoundException")
        elif self.operation == "OPEN":
            offset, length = int(self.asked["offset"][0]), int(self.asked["length"][0])
            with self.path_asked.open("rb") as file:
                file.seek(offset)
                self.answer(200, file.read(length))
        elif self.operation == "GETFILESTATUS":
            self.say({"FileStatus": _status(self.path_asked, "")})
        else:
            found = [_status(path, path.name) for path in sorted(self.path_asked.iterdir())]
            self.say({"FileStatuses": {"FileStatus": found}})

    def do_PUT(self) -> None:
        self.content()
        if self.operation == "MKDIRS":
            self.path_asked.mkdir(parents=True, exist_ok=True)
            self.say({"boolean": True})
        elif self.operation == "RENAME":
            self.renamed(self.below(self.asked["destination"][0]))
        else:
            self.write_through("wb")

    def do_POST(self) -> None:
        self.write_through("ab")

    def do_DELETE(self) -> None:
        shutil.rmtree(self.path_asked) if self.path_asked.is_dir() else self.path_asked.unlink()
        self.say({"boolean": True})

    def renamed(self, to: Path) -> None:
        """Onto what is there already, HDFS renames nothing and says so."""
        is_free = not to.exists()
        if is_free:
            self.path_asked.rename(to)
            self.served.written.append(str(to.relative_to(self.served.folder)))
        self.say({"boolean": is_free})

    def write_through(self, mode: str) -> None:
        """The name node sends the writer to a data node, which is here as well."""
        content = self.content()
        if "node" not in self.asked:
            self.answer(307, b"", Location=f"http://{self.headers['Host']}{self.path}&node=1")
            return
        self.served.room -= len(content)
        if self.served.room < 0:
            self.refuse(_FORBIDDEN, "DSQuotaExceededException")
            return
        with self.path_asked.open(mode) as file:
            file.write(content)
        self.answer(200)

    def content(self) -> bytes:
        """What is sent along; read once."""
        length, self.headers["Content-Length"] = int(self.headers.get("Content-Length", 0)), "0"
        return self.rfile.read(length)

    @property
    def asked(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)

    @property
    def operation(self) -> str:
        return self.asked["op"][0]

    @property
    def path_asked(self) -> Path:
        return self.below(unquote(urlsplit(self.path).path).removeprefix(_PREFIX))

    def below(self, path: str) -> Path:
        return self.served.folder / path.lstrip("/")

    def say(self, found: object) -> None:
        self.answer(200, json.dumps(found).encode())

    def refuse(self, status: int, exception: str) -> None:
        told = {"RemoteException": {"exception": exception, "message": f"{exception}: {self.operation}"}}
        self.answer(status, json.dumps(told).encode())

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: a test is silent."""


def _status(path: Path, suffix: str) -> dict[str, object]:
    kind = "DIRECTORY" if path.is_dir() else "FILE"
    return {"type": kind, "length": path.stat().st_size if path.is_file() else 0, "pathSuffix": suffix}
