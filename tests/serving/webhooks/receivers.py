"""A receiver of webhooks on this machine, as a bank would run one."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any


@dataclass
class Receiver:
    """What it was sent. answer: gives the status for the number of a request, from 0."""

    answer: Callable[[int], int]
    port: int = 0
    requests: list[tuple[str, str, bytes, int]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/news?token=of-the-bank"

    @property
    def taken(self) -> list[str]:
        """The ids of the messages that it took."""
        return [number for number, _, _, status in self.requests if status < 300]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What it took."""
        return [json.loads(body) for _, _, body, status in self.requests if status < 300]

    @property
    def loans(self) -> list[str]:
        return [loan["loan_id"] for body in self.bodies for loan in body.get("loans", ())]


def is_signed_by(secret: str, signature: str, body: bytes) -> bool:
    values = dict(one.split("=") for one in signature.split(","))
    signed = hmac.new(secret.encode(), f"{values['t']}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signed, values["v1"])


@contextmanager
def receiving(answer: Callable[[int], int] = lambda _: 204) -> Iterator[Receiver]:
    """Listen while the block runs; a status of 302 leads to another path, 0 is no answer at all."""
    receiver, lock = Receiver(answer), Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                number = len(receiver.requests)
                status = receiver.answer(number)
                sent = (self.headers["Lights-Message-Id"], self.headers["Lights-Signature"], body, status or 999)
                receiver.requests.append(sent)
                receiver.paths.append(self.path)
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            if status >= 300:
                self.wfile.write(b"the core banking system is down")

        def do_GET(self) -> None:
            receiver.paths.append(self.path)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def dripping() -> Iterator[str]:
    """The address of a receiver that answers a byte now and then, and never ends."""
    over = Event()

    def answer(listening: socket.socket) -> None:
        connected, _ = listening.accept()
        with connected, suppress(OSError):
            connected.recv(1 << 16)
            connected.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.1):
                connected.sendall(b"a: b\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer, args=(listening,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            over.set()
            thread.join()
