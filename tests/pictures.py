"""The pictures of the README: `python -m tests.pictures --data STORE` writes docs/list.png and docs/sheet.png.

STORE is a data folder with a published month; `./run demo --no-stay --data DIR` makes one in DIR/demo.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl
from playwright.sync_api import sync_playwright

from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.running_service import serving
from tests.serving.browsers import CHROMIUM
from tests.serving.pages.conftest import alone

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description="The pictures of the README.")
    parser.add_argument("--data", type=Path, required=True, help="a store with a published month")
    data = parser.parse_args().data
    lit = MonthRepository(DataFolder(data)).month().scan("warnings").filter(pl.col("light") == "red").collect()
    household = lit.filter(pl.col("probability").is_not_null()).sort("score_rank")["household_id"][0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with serving(data) as address, alone(browser) as page:
            for name, path in (("list", "/"), ("sheet", f"/households/{household}")):
                page.goto(f"{address}{path}?lang=zh")
                page.screenshot(path=DOCS / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
