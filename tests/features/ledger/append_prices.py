"""A process that appends prices to a ledger, one a commit, and merges after each, until there are so many commits.

`python -m tests.features.ledger.append_prices FOLDER COMMITS`
"""

from __future__ import annotations

import sys
from pathlib import Path

from features.ledger.ledger import Ledger
from tests.features.ledger.prices import append_price


def main() -> None:
    folder, commits = Path(sys.argv[1]), int(sys.argv[2])
    ledger = Ledger(folder)
    with ledger.write_lock():
        ledger = ledger.read_later_commits()
        while len(ledger.commits) < commits:
            ledger = append_price(ledger)
            ledger.merge()


if __name__ == "__main__":
    main()
