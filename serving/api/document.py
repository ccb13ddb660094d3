"""The OpenAPI document: how to sign in, and examples that work."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

_SECURITY = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key from /account or `lights user key NAME`; also as the password of HTTP Basic.",
    }
}


def documented(app: FastAPI) -> None:
    """Say in the document that every address but health asks for a key."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        document["components"]["securitySchemes"] = _SECURITY
        for path, route in document["paths"].items():
            if path.startswith("/api"):
                for operation in route.values():
                    operation["security"] = [{"key": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to add to the document
