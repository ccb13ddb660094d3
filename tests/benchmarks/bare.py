"""A bare FastAPI route: what an answer costs before anything is looked up, checked or written down."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def bare() -> dict[str, str]:
    return {"status": "live"}
