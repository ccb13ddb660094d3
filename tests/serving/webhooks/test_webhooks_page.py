"""The administrator's page of webhooks: state, waiting and dead messages, and no address's path or secret."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from serving.app import application
from serving.months.data_folder import DataFolder
from serving.settings import settings_of
from tests.running_service import key_for
from tests.serving.webhooks.conftest import PLAN, Desk
from tests.serving.webhooks.receivers import receiving


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_administrator_sees_what_waits_and_what_was_given_up(sending: Desk, lang: str) -> None:
    app = application(DataFolder(sending.data), settings_of(sending.data), lambda: sending.now)
    with TestClient(app) as client, receiving(lambda number: 404 if number == 0 else 503) as receiver:

        def page(role: str) -> str:
            key = key_for(sending.data, role, sending.bank if role == "officer" else None)
            answer = client.get(f"/webhooks?lang={lang}", headers={"authorization": f"Bearer {key}"})
            return answer.text if answer.status_code == 200 else str(answer.status_code)

        assert ("没有登记推送" if lang == "zh" else "There is no webhook") in page("administrator")
        secret = sending.webhook(receiver.url)
        sending.plan = replace(PLAN, tries=1)
        sending.deliver()
        shown, host = page("administrator"), f"http://127.0.0.1:{receiver.port}"
        for text in ("core", "officer.core", host, "404 the core banking system is down", "503 the core"):
            assert text in shown
        assert ("死信：2" if lang == "zh" else "Given up: 2") in shown
        assert "of-the-bank" not in shown
        assert secret not in shown
        assert [loan for loan in sending.loans_of() if loan in shown] == []
        assert [page(role) for role in ("officer", "auditor", "clerk")] == ["403"] * 3
    app.state.context.database.engine.dispose()
