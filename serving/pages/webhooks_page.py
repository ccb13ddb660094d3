"""The administrator's page of webhooks: for whom, where to, and whether the messages arrive."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentUser
from serving.pages.rendering import PageLanguage, render_page
from serving.webhooks.delivery_run import dead_messages
from serving.webhooks.subscriptions import WEBHOOK_STATE_WORDS, webhook_statuses

webhooks_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_MOST_DEAD = 20
"""Messages of the dead-letter list that the page shows; `lights webhook dead` shows all."""


@webhooks_router.get("/webhooks")
def show_webhooks(request: Request, user: CurrentUser, language: PageLanguage) -> HTMLResponse:  # noqa: ARG001 - asks for a sign-in
    """All webhooks with their state, and the newest messages that were given up."""
    with context_of(request).database.read_session() as session:
        webhooks, dead = webhook_statuses(session), dead_messages(session)
    states = {state: getattr(words, language) for state, words in WEBHOOK_STATE_WORDS.items()}
    newest = dead[: -_MOST_DEAD - 1 : -1]
    return render_page(
        request, "webhooks.html", language, webhooks=webhooks, states=states, dead=newest, dead_count=len(dead)
    )
