"""A bare FastAPI route: what an answer costs before anything is looked up, checked or written down.

`python -m tests.benchmarks.bare PORT WORKERS` serves it on the same kind of socket as the service.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from serving.server import listening_socket

app = FastAPI()


@app.get("/")
def bare() -> dict[str, str]:
    return {"status": "live"}


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    config = uvicorn.Config("tests.benchmarks.bare:app", workers=workers, access_log=False, log_level="warning")
    with listening_socket("127.0.0.1", port) as listener:
        Multiprocess(config, sockets=[listener]).run()
