"""The pictures of the README and the manuals: `python -m tests.pictures --data STORE` writes them into docs/.

STORE is a data folder with published months, cases and deliveries of a simulated county; `./run demo --no-stay --data
DIR` makes one in DIR/demo.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.running_service import serving
from tests.serving.browsers import CHROMIUM
from tests.serving.pages.conftest import alone

DOCS = Path(__file__).parents[1] / "docs"
WIDE, PHONE = 1280, 390
_COLOURS = 128
"""So many colours a picture keeps: enough for text and lights, at less than half of the bytes."""


@dataclass(frozen=True)
class Picture:
    """A picture of a page: its file, the page's path, who looks at it, and the width of the window."""

    name: str
    path: str
    role: str = "county_official"
    width: int = WIDE


PICTURES = (
    Picture("list", "/"),
    Picture("sheet", "/households/{household}"),
    Picture("phone", "/households/{household}", width=PHONE),
    Picture("board", "/board"),
    Picture("deliveries", "/deliveries", role="clerk"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="The pictures of the README and the manuals.")
    parser.add_argument("--data", type=Path, required=True, help="a store with published months")
    data = parser.parse_args().data
    lit = MonthRepository(DataFolder(data)).month().scan("warnings").filter(pl.col("light") == "red").collect()
    household = lit.filter(pl.col("probability").is_not_null()).sort("score_rank")["household_id"][0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for role in dict.fromkeys(picture.role for picture in PICTURES):
            with serving(data, role=role) as address:
                for picture in (one for one in PICTURES if one.role == role):
                    path = picture.path.format(household=household)
                    (DOCS / f"{picture.name}.png").write_bytes(
                        screenshot(browser, f"{address}{path}?lang=zh", picture.width)
                    )
        browser.close()


def screenshot(browser: Browser, url: str, width: int) -> bytes:
    """What a window of a width shows of a page, as PNG of few colours."""
    with alone(browser, width=width) as page:
        page.goto(url)
        taken = Image.open(io.BytesIO(page.screenshot()))
    out = io.BytesIO()
    taken.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
