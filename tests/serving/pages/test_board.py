"""The county board and the model's page: figures as a plain count has them, in both languages, without a name."""

from __future__ import annotations

import json

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from serving.months.repository import MonthRepository
from tests import http_requests
from tests.conftest import County
from tests.running_service import key_for, serving
from tests.serving.browsers import follow, unfold


def test_the_board_counts_lights_by_loans_and_money(county: County, served: str, page: Page) -> None:
    page.goto(f"{served}/board?lang=en")
    for light in ("red", "yellow", "green"):
        mine = county.warnings.filter(pl.col("light") == light)
        row = page.locator("table").first.get_by_role("row", name=light)
        expect(row).to_contain_text(f"{mine.height:,}")
        expect(row).to_contain_text(f"{mine['outstanding_principal'].sum():,.0f}")


def test_a_cell_of_the_map_tells_a_share_of_thirty_loans_or_more_and_no_other(
    county: County, served: str, page: Page
) -> None:
    page.goto(f"{served}/board?lang=en")
    unfold(page)
    banks = page.locator("table.map thead th").all_inner_texts()[2:]
    towns = county.warnings["township_code"].unique().sort().to_list()
    few = 0
    for at, town in enumerate(towns):
        cells = page.locator("table.map tbody tr").nth(at + 1).locator("td").all_inner_texts()[1:]
        for bank, cell in zip(banks, cells, strict=True):
            mine = county.warnings.filter((pl.col("bank") == bank) & (pl.col("township_code") == town))
            few += 0 < mine.height < 30
            lit = mine.filter(pl.col("light") != "green").height
            said = f"{lit / mine.height:.1%}" if mine.height >= 30 else "too few"
            assert mine.is_empty() or (said in cell and f"{mine.height} loans" in cell), cell
    assert few


def test_a_tile_leads_to_just_the_loans_that_it_counts(county: County, served: str, page: Page) -> None:
    page.goto(f"{served}/board?lang=en")
    tiles = page.locator(".tiles li")
    counted = {tile.locator(".label").inner_text(): tile.locator("a.value") for tile in tiles.all()}
    lit, bad = county.warnings.filter(pl.col("light") == "red"), county.warnings.filter(pl.col("status") == "bad")
    due = county.warnings.filter(pl.col("days_to_maturity").is_between(0, 90))
    expected = {"Red loans": lit.height, "Bad loans": bad.height, "Due within 90 days": due.height}
    for label, loans in expected.items():
        page.goto(f"{served}/board?lang=en")
        expect(counted[label]).to_have_text(f"{loans:,}")
        follow(counted[label])
        if loans:
            expect(page.locator(".beside p").first).to_contain_text(f"{loans:,} loans")


def test_a_tile_tells_its_change_on_the_month_before(county: County, served: str, page: Page) -> None:
    days = MonthRepository(county.store).months()
    now, before = (
        MonthRepository(county.store).month(day).scan("warnings").filter(light="red").collect().height
        for day in days[:2]
    )
    page.goto(f"{served}/board?lang=en")
    expect(page.locator(".tiles li", has_text="Red loans")).to_contain_text(f"{now - before:+,} on the month")


def test_a_figure_of_what_moved_leads_to_its_loans(served: str, page: Page) -> None:
    told = http_requests.get(f"{served}/api/v1/migration").json()
    cell = next(one for one in told["moves"] if one["before"] == "green" and one["after"] != "green")
    page.goto(f"{served}/board?lang=en")
    unfold(page)
    follow(page.locator(f"a[href*='before=green&after={cell['after']}']").first)
    page.goto(f"{page.url}&rows=200")
    expect(page.locator("main")).to_contain_text(f"{cell['loans']:,} loans")
    expect(page.locator("tbody tr")).to_have_count(cell["loans"])
    assert http_requests.get(f"{served}/board/moves?before=green&after=nothing").status_code == 409


def test_townships_are_drawn_on_one_scale_the_highest_first(county: County, served: str, page: Page) -> None:
    page.goto(f"{served}/board?lang=en")
    shares = [
        float(text.removesuffix("%"))
        for text in page.locator("#townships dd strong").all_inner_texts()
        if text.endswith("%")
    ]
    by_town = county.warnings.group_by("township_code").agg(
        pl.len(), (pl.col("light") != "green").mean().alias("share")
    )
    expected = sorted((round(100 * share, 1) for _, loans, share in by_town.rows() if loans >= 30), reverse=True)
    assert shares == pytest.approx(expected, abs=0.06)


def test_a_reader_without_lists_sees_figures_but_no_way_to_loans(county: County, served: str) -> None:
    address = f"http://127.0.0.1:{served.rpartition(':')[2]}"
    headers = {"authorization": f"Bearer {key_for(county.data, 'clerk')}"}
    board = http_requests.get(f"{address}/board?lang=en", headers=headers)
    assert (board.status_code, "light=red" in board.text, "/board/moves" in board.text) == (200, False, False)
    assert http_requests.get(f"{address}/board/moves?before=green&after=red", headers=headers).status_code == 403


def test_the_other_measure_is_chosen_by_form(served: str, page: Page) -> None:
    page.goto(f"{served}/board?lang=zh")
    page.get_by_label("地图表显示").select_option("overdue")
    page.get_by_role("button", name="显示").click()
    expect(page.get_by_role("heading", name="乡镇与银行")).to_contain_text("逾期率")


def test_moves_since_the_month_before_are_those_of_the_interface(served: str, page: Page) -> None:
    told = http_requests.get(f"{served}/api/v1/migration").json()
    page.goto(f"{served}/board?lang=en")
    unfold(page)
    green = next(one for one in told["moves"] if (one["before"], one["after"]) == ("green", "green"))
    expect(page.get_by_text(f"since {told['since']}")).to_be_visible()
    expect(page.locator("td.same").first).to_contain_text(f"{green['loans']:,}")


def test_an_analyst_sees_the_board_without_a_household_and_an_auditor_does_not(county: County, served: str) -> None:
    address = f"http://127.0.0.1:{served.rpartition(':')[2]}"
    answers = {
        role: http_requests.get(f"{address}/board", headers={"authorization": f"Bearer {key_for(county.data, role)}"})
        for role in ("analyst", "auditor")
    }
    assert (answers["analyst"].status_code, answers["auditor"].status_code) == (200, 403)
    assert [one for one in county.warnings["household_id"] if one in answers["analyst"].text] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_models_page_says_what_the_judgement_says(county: County, served: str, page: Page, lang: str) -> None:
    report = json.loads((county.data / "models" / "1" / "judgement.json").read_text("utf-8"))
    page.goto(f"{served}/model?lang={lang}")
    unfold(page)
    page.get_by_text({"zh": "其余结论", "en": "More conclusions"}[lang]).click()
    text = " ".join(page.inner_text("main").split())
    assert [one[lang] for one in report["conclusions"] if " ".join(one[lang].split()) not in text] == []
    for corner in report["corners"]:
        assert f"{corner['loans']:,}" in text
    expect(page.get_by_role("img")).to_have_count(1)


def test_a_small_group_of_people_is_not_told_of(county: County, served: str, page: Page) -> None:
    report = json.loads((county.data / "models" / "1" / "judgement.json").read_text("utf-8"))
    page.goto(f"{served}/model?lang=en")
    unfold(page)
    rows = page.get_by_role("region", name="Fairness").locator("tbody tr:has(th.inner)").all_inner_texts()
    hidden = [row for row, group in zip(rows, report["fairness"], strict=True) if group["lit"]["value"] is None]
    assert all(row.split("\t")[2] == "–" for row in hidden)
    assert len(rows) == len(report["fairness"])


def test_who_was_champion_is_told_with_the_reason(county: County, served: str, page: Page) -> None:
    trained, promoted = county.store.models.history
    page.goto(f"{served}/model?lang=en")
    unfold(page)
    expect(page.get_by_role("row", name="challenger")).to_contain_text(str(trained["reason"]))
    told = page.get_by_role("row", name="in use")
    expect(told).to_contain_text(str(promoted["reason"]))
    expect(told).to_contain_text("evidence.policy")
    assert http_requests.get(f"{served}/model?number=99").status_code == 404


def test_without_a_model_its_page_says_so(by_rules: County, page: Page) -> None:
    with serving(by_rules.data) as address:
        page.goto(f"{address}/model?lang=en")
        expect(page.get_by_text("There is no usable model; lights are by the rules alone.")).to_be_visible()
