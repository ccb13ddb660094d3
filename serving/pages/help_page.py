"""The manuals: the site that `./run docs` built, served after sign-in, each reader's own page first."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from features.messages import UserError
from serving.access.roles import Role
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentUser, own_headers
from serving.pages.rendering import PageLanguage, render_refusal

help_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
ROLE_PAGES: Mapping[Role, str] = {
    Role.CLERK: "clerk.html",
    Role.OFFICER: "officer.html",
    Role.CADRE: "officer.html",
    Role.COUNTY_OFFICIAL: "official.html",
    Role.ANALYST: "analyst.html",
    Role.ADMINISTRATOR: "operator.html",
}
"""The page of the manuals that a role reads first; the index for the others."""
_INDEX = "index.html"
_HASHED = re.compile(r"assets/.*\.[0-9a-f]{8}\.min\.(js|css)")
"""Files of the theme, named by their version; kept for a day, since the build changes some of them."""
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; worker-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The search runs in a worker, which fetches its index."""


@help_router.get("/help")
def open_manual(request: Request, user: CurrentUser, language: PageLanguage) -> Response:
    """Lead to the page for the reader's role, in the reader's language; to the index where there is none."""
    site = context_of(request).settings.manuals
    if not (site / _INDEX).is_file():
        refusal = UserError(
            "本机的手册尚未生成；请管理员在程序目录中运行 ./run docs。",
            "The manuals are not built on this machine; an administrator runs ./run docs in the program's folder.",
        )
        return render_refusal(request, language, refusal, 503)
    folder = "" if language == "zh" else f"{language}/"
    page = f"{folder}{ROLE_PAGES.get(user.role, _INDEX)}"
    return RedirectResponse(f"/help/{page if (site / page).is_file() else f'{folder}{_INDEX}'}")


@help_router.get("/help/{path:path}")
async def show_manual(request: Request, path: str) -> Response:
    """A file of the site, with a content security policy of its own; its scripts are named by their hashes."""
    site, path = context_of(request).settings.manuals, path or _INDEX
    response = await StaticFiles(directory=site, check_dir=False).get_response(path, request.scope)
    file = site / path
    hashes = script_hashes(file, file.stat().st_mtime_ns) if file.suffix == ".html" else ""
    cache = "max-age=86400" if _HASHED.fullmatch(path) else "no-cache"
    own_headers(
        request,
        {"Content-Security-Policy": _CONTENT_POLICY.format(hashes=hashes), "Cache-Control": f"private, {cache}"},
    )
    return response


@lru_cache(maxsize=256)
def script_hashes(page: Path, _changed: int) -> str:
    """The sources of a content security policy that let the scripts inside a built page run."""
    scripts = sorted(set(_INLINE_SCRIPT.findall(page.read_text("utf-8"))))
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return "".join(f" 'sha256-{digest}'" for digest in digests)
