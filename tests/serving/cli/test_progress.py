"""Progress: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess

from features.ledger.ledger import Ledger
from serving.batch.plan import delivered_loan_count
from tests.running_service import LIGHTS, done, environment, lights
from tests.serving.provinces import AS_OF, Province


def on_a_terminal(province: Province) -> str:
    """What a terminal is shown while the month is scored."""
    ours, theirs = pty.openpty()
    asked = [*LIGHTS, "score", "--as-of", str(AS_OF)]
    subprocess.run(asked, env=environment(province.data), stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    return shown


def test_a_terminal_shows_a_bar_with_a_rate_that_ends_at_all_loans_delivered(ruled: Province) -> None:
    shown, loans = on_a_terminal(ruled), delivered_loan_count(Ledger(ruled.data / "ledger"))
    assert f"{loans}/{loans}" in shown
    assert "loans/s" in shown
    assert "…" not in shown


def test_elsewhere_each_part_has_a_line(ruled: Province) -> None:
    ran = lights(ruled.data, "score", "--as-of", AS_OF)
    done(ran)
    assert [line.split()[1] for line in ran.stderr.splitlines()] == ["640323.whole", "640324.whole", "640325.whole"]
