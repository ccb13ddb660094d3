"""Accounts, ways in, and the door that shuts: on either database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access import accounts as people
from serving.access import credentials as sign_in
from serving.access.tokens import password_hash
from serving.database.engine import Database
from serving.database.tables import Person
from tests.serving.moments import NOW

PASSWORD = "correct horse battery"


def added(session: Session, name: str = "ma", role: str = "county_official") -> Person:
    return people.create_account(session, people.account_details(name, role), NOW)


def let_in(session: Session, way: sign_in.Credential, at: datetime = NOW) -> str | None:
    [entrant] = sign_in.accounts_for(session, [way], at)
    return entrant.name if entrant else None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("m", "auditor", None, None), "no account name"),
        (("ma li", "auditor", None, None), "no account name"),
        (("x" * 65, "auditor", None, None), "no account name"),
        (("ma", "king", None, None), "no role king; there are: officer, cadre"),
        (("ma", "officer", None, None), "needs a bank"),
        (("ma", "cadre", None, None), "needs an area"),
        (("ma", "cadre", None, "6"), "2, 4, 6, 9 or 12 digits"),
        (("ma", "cadre", None, "6403231012021"), "2, 4, 6, 9 or 12 digits"),
        (("ma", "cadre", None, "6403231"), "2, 4, 6, 9 or 12 digits"),
        (("ma", "county_official", None, "6403"), "at least 6 digits"),
    ],
)
def test_an_account_that_says_too_little_is_refused(asked: tuple[str, str, str | None, str | None], said: str) -> None:
    with pytest.raises(UserError, match=said):
        people.account_details(*asked)


@pytest.mark.parametrize("asked", [("马丽", "auditor"), ("ma.li@bank", "county_official", None, "640323")])
def test_an_account_that_says_enough_is_taken(asked: tuple[str, ...]) -> None:
    assert people.account_details(*asked).name == asked[0]


def test_a_name_is_taken_once(database: Database) -> None:
    with database.write_session() as session:
        added(session)
        with pytest.raises(UserError, match="an account ma already"):
            added(session)


def test_the_last_administrator_can_be_neither_disabled_nor_demoted_and_one_of_two_can(database: Database) -> None:
    demoted = people.account_details("first", "auditor")
    with database.write_session() as session:
        first = added(session, "first", "administrator")
        with pytest.raises(UserError, match="first is the last administrator"):
            people.disable_account(session, first, NOW)
        with pytest.raises(UserError, match="first is the last administrator"):
            people.change_account(session, first, demoted)
        added(session, "second", "administrator")
        people.change_account(session, first, demoted)
        assert first.role == "auditor"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("x1y2z3w4v5u", "12 to 128"),
        ("x1y2z3w4" * 16 + "!", "12 to 128"),
        ("aaaaaaaaaaaa", "too simple"),
        ("abcdabcdabcd", "too simple"),
        ("my name is MA", "too simple"),
    ],
)
def test_a_weak_password_is_refused(database: Database, password: str, said: str) -> None:
    with database.write_session() as session, pytest.raises(UserError, match=said):
        people.set_password(session, added(session), password, NOW)


def test_a_password_lets_in_and_is_kept_as_a_hash_alone(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        assert sign_in.person_by_password(session, "ma", PASSWORD) is None
        people.set_password(session, person, PASSWORD, NOW)
        assert (person.password_hash or "").startswith("$argon2id$")
        assert sign_in.person_by_password(session, "ma", PASSWORD) is person
        assert sign_in.person_by_password(session, "ma", PASSWORD + "!") is None
        assert sign_in.person_by_password(session, "nobody", PASSWORD) is None


HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


def waits(database: Database, name: str, address: str, at: datetime = NOW) -> int:
    """Minutes that an attempt has to wait; 0 where it may be made, and was counted."""
    try:
        with database.write_session() as session:
            sign_in.begin_attempt(session, name, address, at)
    except sign_in.SignInError as refusal:
        return int(refusal.message.en.split()[-2])
    return 0


def test_after_the_fifth_attempt_each_waits_twice_as_long_whatever_case_the_name_is_in(database: Database) -> None:
    at = NOW
    assert [waits(database, "ma", HERE) for _ in range(5)] == [0] * 5
    for minutes in (1, 2, 4, 8):
        assert waits(database, " MA ", HERE, at) == minutes
        at += timedelta(minutes=minutes)
        assert waits(database, "ma", HERE, at) == 0
    assert waits(database, "other", HERE, at) == 0


def test_who_guesses_at_a_name_keeps_its_owner_out_for_15_minutes_at_most(database: Database) -> None:
    at = NOW
    for number in range(200):
        waits(database, "ma", f"10.0.1.{number}", at)
        at += timedelta(minutes=1)
    assert 0 < waits(database, "ma", ELSEWHERE, at) <= 15
    assert waits(database, "ma", ELSEWHERE, at + timedelta(minutes=15)) == 0
    with database.write_session() as session:
        sign_in.clear_attempts(session, "Ma", ELSEWHERE)
    assert waits(database, "ma", ELSEWHERE, at) == 0


def test_attempts_at_once_are_all_counted(database: Database) -> None:
    with ThreadPoolExecutor(30) as pool:
        waited = list(pool.map(lambda _: waits(database, "ma", HERE), range(30)))
    assert waited.count(0) == 5


def test_a_name_is_found_in_any_case_and_is_taken_in_any(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        people.set_password(session, person, PASSWORD, NOW)
        assert sign_in.person_by_password(session, person.name.upper(), PASSWORD) is person
        with pytest.raises(UserError, match="already"):
            people.create_account(session, people.account_details(person.name.upper(), "auditor"), NOW)


@pytest.mark.parametrize(
    ("password", "is_refused"),
    [
        ("Password2026!!", True),
        ("123456789012345", True),
        ("qwertyuiop1234", True),
        ("1qaz2wsx3edc", True),
        ("woaini1314520", True),
        ("xyq7xyq7xyq7xyq7", True),
        ("aaaabbbbccccdddd", True),
        ("sheep graze on hills", False),
        ("枸杞红了 滩羊肥了 2026 年", False),
        ("k9#Lm2!vQ7zp", False),
    ],
)
def test_common_passwords_runs_and_repeats_are_refused(password: str, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(UserError, match="too simple"):
            password_hash(password, "ma")
    else:
        assert password_hash(password, "ma").startswith("$argon2id$")


def test_an_account_has_at_most_twenty_keys_and_a_new_password_ends_them(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        keys = [people.create_key(session, person, "x", NOW) for _ in range(people.MOST_KEYS)]
        with pytest.raises(UserError, match="at most 20 keys"):
            people.create_key(session, person, "x", NOW)
        people.set_password(session, person, PASSWORD, NOW)
        assert sign_in.accounts_for(session, [sign_in.Credential(key, is_key=True) for key in keys], NOW) == [None] * 20
        people.create_key(session, person, "x", NOW)


def test_enabling_an_account_brings_no_key_back(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        key = people.create_key(session, person, "x", NOW)
        people.disable_account(session, person, NOW)
        people.enable_account(person)
        assert sign_in.accounts_for(session, [sign_in.Credential(key, is_key=True)], NOW) == [None]


def test_a_link_lets_in_once_and_until_its_hour(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        late, used = (people.create_link(session, person, NOW, 1) for _ in range(2))
        session.flush()
        assert sign_in.redeem_link(session, used, NOW + timedelta(minutes=59)) is person
        for token, at in ((used, NOW), (late, NOW + timedelta(hours=1)), ("guessed", NOW)):
            with pytest.raises(sign_in.SignInError, match="unknown, used or expired"):
                sign_in.redeem_link(session, token, at)


def test_a_session_ends_at_its_hour_at_sign_out_and_with_a_new_password(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        one, other = (sign_in.create_session(session, person, NOW, 1) for _ in range(2))
        session.flush()
        assert let_in(session, sign_in.Credential(one), NOW + timedelta(minutes=59)) == person.name
        assert let_in(session, sign_in.Credential(one), NOW + timedelta(hours=1)) is None
        sign_in.delete_session(session, one)
        assert let_in(session, sign_in.Credential(one), NOW) is None
        people.set_password(session, person, PASSWORD, NOW)
        assert let_in(session, sign_in.Credential(other), NOW) is None


def test_a_key_opens_until_it_is_revoked_or_its_person_disabled(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        one, other = (people.create_key(session, person, "x", NOW) for _ in range(2))
        session.flush()
        assert let_in(session, sign_in.Credential(one, is_key=True)) == person.name
        assert let_in(session, sign_in.Credential(one + "x", is_key=True)) is None
        assert let_in(session, sign_in.Credential(one.partition(".")[0], is_key=True)) is None
        people.revoke_key(session, person, one.partition(".")[0], NOW)
        assert let_in(session, sign_in.Credential(one, is_key=True)) is None
        people.disable_account(session, person, NOW)
        session.flush()
        assert let_in(session, sign_in.Credential(other, is_key=True)) is None


def test_of_many_who_come_at_once_each_is_let_in_by_their_own_alone(database: Database) -> None:
    with database.write_session() as session:
        ma, li = added(session, "ma"), added(session, "li", "auditor")
        key, cookie = people.create_key(session, ma, "x", NOW), sign_in.create_session(session, li, NOW, 1)
        session.flush()
        asked = [(cookie, True), (key, True), (key, False), (cookie, False), (key + "x", True), (key, True)]
        found = sign_in.accounts_for(session, [sign_in.Credential(*each) for each in asked], NOW)
    assert [each and (each.name, each.role) for each in found] == [
        None,
        ("ma", "county_official"),
        None,
        ("li", "auditor"),
        None,
        ("ma", "county_official"),
    ]


def test_a_reset_ends_keys_and_sessions_and_leaves_one_way_in(database: Database) -> None:
    with database.write_session() as session:
        person = added(session)
        key, cookie = people.create_key(session, person, "", NOW), sign_in.create_session(session, person, NOW, 1)
        token = people.reset_account(session, person, NOW, 1)
    with database.write_session() as session:
        assert let_in(session, sign_in.Credential(key, is_key=True)) is None
        assert let_in(session, sign_in.Credential(cookie), NOW) is None
        assert sign_in.redeem_link(session, token, NOW).name == "ma"


def test_two_administrators_cannot_demote_each_other_at_once(database: Database) -> None:
    """On PostgreSQL both would find another one left."""
    with database.write_session() as session:
        names = [added(session, name, "administrator").name for name in ("first", "second")]
    both_look = Barrier(2)

    def demoted(name: str) -> bool:
        try:
            with database.write_session() as session:
                person = people.person_named(session, name)
                if not database.is_sqlite:  # where a second writer waits before it looks
                    both_look.wait(timeout=20)
                people.change_account(session, person, people.account_details(name, "auditor"))
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demoted, names)) == [False, True]
