"""The address book: encrypted at rest, masked by role, on sheets and notices alone, in no log and no audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from openpyxl import Workbook

from features.contract.pseudonym import Pseudonyms, load_pseudonyms
from features.messages import UserError
from serving.audit.command_line import database_of
from serving.contacts.address_book import AddressBook, ContactDetails
from serving.contacts.notice_form import NoticeForm, notice_form, replace_notice_form
from serving.database.tables import Contact
from tests import http_requests
from tests.conftest import County
from tests.running_service import done, key_for, lights, refused, serving

NAME, PHONE = "欧阳某某", "13900001234"
HEADINGS = "农户编号,姓名,手机号,村干部,村干部电话"


@pytest.fixture(scope="module")
def due(by_rules: County) -> dict[str, str]:
    """A loan that falls due soon, and its household."""
    loans = by_rules.warnings.filter(pl.col("days_to_maturity").is_between(0, 60)).sort("loan_id")
    return loans.select("loan_id", "household_id", "bank", "village_code").row(0, named=True)


@pytest.fixture(scope="module")
def own(by_rules: County, due: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> County:
    county = by_rules.copied_to(tmp_path_factory.mktemp("contacts") / "var")
    file = tmp_path_factory.mktemp("files") / "通讯录.csv"
    file.write_text(f"{HEADINGS}\n{due['household_id']},{NAME},{PHONE},村支书,13811112222\n", "utf-8")
    assert "added 1" in done(lights(county.data, "contacts", file))
    assert "same 1" in done(lights(county.data, "contacts", file))
    return county


@pytest.fixture(scope="module")
def address(own: County) -> Iterator[str]:
    with serving(own.data) as signed:
        yield f"http://127.0.0.1:{signed.rpartition(':')[2]}"


def read_as(county: County, address: str, path: str, role: str, **narrowed: str) -> str:
    key = key_for(county.data, role, **narrowed)
    return http_requests.get(f"{address}{path}", headers={"authorization": f"Bearer {key}"}).raise_for_status().text


def test_no_file_of_the_data_folder_holds_a_name_or_a_number(own: County) -> None:
    for path in own.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert NAME.encode() not in content, path
            assert PHONE.encode() not in content, path


def test_the_officer_sees_it_whole_the_county_masked_and_nobody_another_banks(
    own: County, address: str, due: dict[str, str]
) -> None:
    sheet = f"/households/{due['household_id']}?lang=zh"
    whole = read_as(own, address, sheet, "officer", bank=due["bank"])
    assert NAME in whole
    assert f"tel:{PHONE}" in whole
    masked = read_as(own, address, sheet, "county_official")
    assert (NAME in masked, PHONE in masked) == (False, False)
    assert "欧***" in masked
    assert "139****1234" in masked
    others = next(bank for bank in own.warnings["bank"].unique() if bank != due["bank"])
    key = key_for(own.data, "officer", bank=others)
    refusal = http_requests.get(f"{address}{sheet}", headers={"authorization": f"Bearer {key}"})
    assert (refusal.status_code, NAME in refusal.text) == (404, False)


def test_the_notice_names_the_household_its_issuer_and_has_a_receipt(
    own: County, address: str, due: dict[str, str], tmp_path: Path
) -> None:
    form = tmp_path / "own.toml"
    form.write_text(
        'issuer = "某县乡村振兴局"\ntelephone = "0951-0000000"\nzh = "{name}：{loan} 于 {day} 到期，共 {yuan} 元。"\n',
        "utf-8",
    )
    done(lights(own.data, "notice", form))
    page = read_as(own, address, f"/maturities/notices?lang=zh&loan={due['loan_id']}", "officer", bank=due["bank"])
    assert f"{NAME}：{due['loan_id']} 于 " in page
    for said in ("某县乡村振兴局", "0951-0000000", "回执", "本人已收到"):
        assert said in page
    done(lights(own.data, "report", "--as-of", own.newest, "--out", tmp_path / "issued"))
    printed = (tmp_path / "issued" / f"monthly-{own.newest}" / "notices-zh.html").read_text("utf-8")
    assert NAME in printed


def test_lists_exports_the_interface_and_the_audit_hold_no_name(own: County, address: str, due: dict[str, str]) -> None:
    sheet, api = f"/households/{due['household_id']}", f"/api/v1/households/{due['household_id']}/explanation"
    read_as(own, address, sheet, "officer", bank=due["bank"])
    for path in ("/", "/worklist.csv", "/maturities", api, "/cases"):
        assert NAME not in read_as(own, address, path, "officer", bank=due["bank"]), path
    trail = read_as(own, address, "/api/v1/audit?limit=200", "auditor")
    assert NAME not in trail
    looks = [entry for entry in json.loads(trail)["items"] if entry["subject"] == "GET /households/{household_id}"]
    assert "contacts" in str(looks[0]["detail"])


def test_an_identity_number_becomes_the_pseudonym_of_the_ledger(tmp_path: Path) -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["某县通讯录"])
    sheet.append(["户主身份证号", "户主姓名", "联系电话"])
    sheet.append(["11010519491231002X", "甲某", 13900000000])
    book.save(tmp_path / "book.xlsx")
    read = AddressBook(pseudonyms).read_file(tmp_path / "book.xlsx")
    assert read.entries == {pseudonyms.pseudonym("11010519491231002X"): {"name": "甲某", "phone": "13900000000"}}


def test_a_file_with_fewer_columns_changes_those_alone(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    whole.write_text(f"{HEADINGS}\nH1,甲,13900000000,村支书,13811112222\n", "utf-8")
    part.write_text("农户编号,姓名,备注\nH1,甲某,x\n", "utf-8")
    done(lights(tmp_path / "var", "contacts", whole))
    told = done(lights(tmp_path / "var", "contacts", part))
    assert "columns not read: 备注" in told
    assert "changed 1" in told
    with database_of(tmp_path / "var").read_session() as session:
        found = AddressBook(load_pseudonyms(tmp_path / "var")).find(session, ["H1"]).entries
    assert found == {"H1": ContactDetails("甲某", "13900000000", "村支书", "13811112222")}


def test_the_households_own_number_goes_before_an_identity_number_and_a_filled_phone_before_an_empty(
    tmp_path: Path,
) -> None:
    file = tmp_path / "book.csv"
    file.write_text(
        "户主身份证号,农户编号,联系电话,手机\n11010519491231002X,H1,13900000000,\n,H2,,13811112222\n", "utf-8"
    )
    read = AddressBook(Pseudonyms(b"k" * 32)).read_file(file)
    assert {key: row["phone"] for key, row in read.entries.items()} == {"H1": "13900000000", "H2": "13811112222"}


def test_an_entry_that_cannot_be_opened_is_told_and_blocks_nothing(
    own: County, due: dict[str, str], tmp_path: Path
) -> None:
    mine = own.copied_to(tmp_path / "var")
    with database_of(mine.data).write_session() as session:
        session.query(Contact).update({"sealed": "damaged"})
    with serving(mine.data) as signed:
        served = f"http://127.0.0.1:{signed.rpartition(':')[2]}"
        sheet = f"/households/{due['household_id']}?lang=en"
        assert "entry cannot be opened" in read_as(mine, served, sheet, "officer", bank=due["bank"])
        read_as(mine, served, "/maturities/notices?lang=zh", "officer", bank=due["bank"])
    ran = lights(mine.data, "report", "--as-of", mine.newest, "--out", tmp_path / "out")
    assert (ran.returncode, "1 entries of the address book cannot be opened" in ran.stderr) == (0, True)


def test_notices_of_who_sees_masked_names_name_the_number_alone(own: County, address: str, due: dict[str, str]) -> None:
    page = read_as(own, address, f"/maturities/notices?lang=zh&loan={due['loan_id']}", "county_official")
    assert due["household_id"] in page
    assert "欧*" not in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("姓名,电话\n甲,1\n", "no column household_id"),
        (f"{HEADINGS}\n,甲,1,,\n", "lines are wrong (2)"),
        (f"{HEADINGS}\nH1,甲,1,,\nH1,乙,2,,\n", "lines are wrong (3)"),
        (f"{HEADINGS}\nH1,{'甲' * 61},1,,\n", "lines are wrong (2)"),
        (f"{HEADINGS}\n110105********002X,甲,1,,\n", "lines are wrong (2)"),
        (f"{HEADINGS}\n11010519491231002,甲,1,,\n", "lines are wrong (2)"),
    ],
)
def test_a_wrong_file_is_refused_whole(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "book.csv"
    file.write_text(text, "utf-8")
    (tmp_path / "var").mkdir()
    assert said in refused(lights(tmp_path / "var", "contacts", file))
    with database_of(tmp_path / "var").read_session() as session:
        assert session.query(Contact).count() == 0


def test_entries_are_removed_and_another_key_opens_none(own: County, due: dict[str, str], tmp_path: Path) -> None:
    mine = own.copied_to(tmp_path / "var")
    with database_of(mine.data).read_session() as session:
        other = AddressBook(Pseudonyms(b"x" * 32)).find(session, [due["household_id"]])
        assert (other.entries, other.unreadable) == ({}, 1)
        assert AddressBook(load_pseudonyms(mine.data)).find(session, [due["household_id"]]).entries
    file = tmp_path / "gone.csv"
    file.write_text(f"农户编号\n{due['household_id']}\nnobody\n", "utf-8")
    assert "removed 1" in done(lights(mine.data, "contacts", file, "--remove"))


@pytest.mark.parametrize(
    ("phone", "masked"), [("13900001234", "139****1234"), ("1234567", "*******"), ("82345678", "********"), ("", "")]
)
def test_a_short_number_is_masked_whole(phone: str, masked: str) -> None:
    assert ContactDetails("甲", phone).masked == ContactDetails("甲", masked)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("issuer = 1", "issuer"),
        ("nobody = ''", "nobody"),
        ("zh = '{who}'", "placeholder"),
        ("zh = '{'", "placeholder"),
        ("=", "cannot be read"),
    ],
)
def test_a_wrong_form_is_refused_and_the_one_before_stays(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "good.toml").write_text('issuer = "某局"', "utf-8")
    replace_notice_form(tmp_path / "good.toml", tmp_path)
    (tmp_path / "bad.toml").write_text(text, "utf-8")
    with pytest.raises(UserError, match=said):
        replace_notice_form(tmp_path / "bad.toml", tmp_path)
    assert notice_form(tmp_path) == NoticeForm(issuer="某局")
