"""The compliance report: what it counts, and that the page stands alone and escapes everything."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from key_rotation.domain.coverage import NotManaged, OtherUser
from key_rotation.domain.credential_report import Row, Slot
from key_rotation_cli.account import AccountStatus, Unread
from key_rotation_cli.administrators import Administrators, Power
from key_rotation_cli.report.charts import age_histogram, rotations
from key_rotation_cli.report.compliance import Bin, Compliance, Week
from key_rotation_cli.report.page import page
from tests.unit.builders import NOW, ago, expired, inactive, key, secret, settings, stamp, user
from tests.unit.history_sample import past_sample
from tests.unit.sample import account_status, nobodys, sample, settled_status, status

AS_DATED = "Compliant, as far as the credential report dates keys"
VOID = {"meta", "line"}
HOSTILE = '<script>alert("x")</script>&"\''


class Tags(HTMLParser):
    """Every tag with its attributes; raises if one is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def of(found: AccountStatus, administrators: Administrators | None = None) -> Compliance:
    """Nobody is an administrator, unless said otherwise."""
    return Compliance(found, administrators or nobodys(found))


def compliance(**users: object) -> Compliance:
    return of(account_status(*(status(name, one) for name, one in users.items())))  # type: ignore[arg-type]


# -- what is counted -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "failing"),
    [pytest.param(90, 0, id="90 days"), pytest.param(90.001, 1, id="more"), (89, 0), (200, 1)],
)
def test_a_control_fails_over_90_days(days: float, failing: int) -> None:
    found = compliance(alice=user(key("A", days)))

    assert found.failing == failing
    assert {control.failing for control in found.controls()} == {failing}


def test_the_benchmark_counts_even_if_the_installations_limit_is_higher() -> None:
    long = settings(max_key_age_days=365)
    found = of(account_status(status("alice", user(key("A", 100)), long)))

    assert found.failing == 1
    assert not any(one.over_limit for one in found.keys)


def test_inactive_and_expired_keys_do_not_count() -> None:
    found = compliance(alice=user(inactive("A", 200), key("B", 10)), bob=user(expired("C", 300)))

    assert [one.id for one in found.keys] == ["B"]


def test_bins_hold_every_active_key() -> None:
    found = compliance(
        alice=user(key("A", 0)), bob=user(key("B", 9.99)), carol=user(key("C", 10)),
        dave=user(key("D", 119.9)), erin=user(key("E", 4000)),
    )  # fmt: skip

    counted = {one.from_days: one.keys for one in found.bins() if one.keys}
    assert counted == {0: 2, 10: 1, 110: 1, 120: 1}
    assert found.bins()[-1] == Bin(120, None, 1)


def test_timeline_has_what_is_on_record_and_what_is_due() -> None:
    pair = secret("B", "A", announced=stamp("B", 10), inactive_since=stamp("A", 3))
    found = compliance(
        alice=user(inactive("A", 100), key("B", 10), secret=pair), bob=user(key("C", 85.5))
    )

    assert [(h.user, h.what, h.access_key_id, h.at) for h in found.past()] == [
        ("alice", "disabled", "A", ago(3)),
        ("alice", "rotated", "B", ago(10)),
    ]
    due = [(h.user, h.what, h.access_key_id) for h in found.coming()]
    assert due[:3] == [("bob", "warn", "C"), ("bob", "rotate", "C"), ("alice", "delete", "A")]
    past, coming = found.weeks()
    assert [w.start for w in past if w.rotations] == [NOW - timedelta(weeks=2)]
    assert [w.start for w in coming if w.rotations] == [NOW, NOW + timedelta(weeks=11)]


def test_a_key_that_is_held_for_its_owner_is_due_from_the_earliest_day_on() -> None:
    pair = secret("B", "A", announced=stamp("B", 1))
    used = {"A": ago(hours=1), "B": None}
    service = user(key("A", 91), key("B", 1), secret=pair, used=used, password=False)

    [gone] = [h for h in compliance(alice=service).coming() if h.what == "disable"]

    assert (gone.access_key_id, gone.at, gone.held_until) == ("A", ago(-6), ago(-29))


def test_the_records_of_a_predecessor_are_not_the_users() -> None:
    gone = secret("X", announced=stamp("X", 50), user_id="AIDAPREDECESSOR")
    one = status("alice", user(key("A", 10)))
    inherited = replace(one, user=replace(one.user, secret=gone))

    assert of(account_status(inherited)).past() == []


# -- the page --------------------------------------------------------------------------------------


@pytest.mark.parametrize("compliant", [True, False])
def test_page_is_well_formed_and_needs_nothing_else(compliant: bool) -> None:
    text = page(of(sample(compliant)))
    tags = Tags(text).seen

    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object"}
    assert not {name for _, names in tags for name in names} & {"src", "href", "style", "onload"}
    assert not re.search(r"url\(|@import", text)


def test_page_says_what_is_wrong() -> None:
    text = page(of(sample()))

    assert "Not compliant" in text
    assert text.count("9 keys failing") == 3  # of the account
    assert text.count("7 keys failing") == 3  # of managed users
    assert "last use: s3 in eu-west-1, 2026-05-30; not fetched" in text
    assert '2026-06-05</span> <span class="whole">to 06-28' in text
    assert "the user has two active keys, and IAM allows no third" in text
    assert "zoe (&#39;Enabled&#39;)" in text


def test_page_of_a_compliant_account() -> None:
    text = page(of(sample(compliant=True)))

    assert f"<strong>{AS_DATED}</strong>" in text
    assert "<strong>Managed users: compliant</strong>" in text
    assert "failing" not in text
    assert text.count(">passed") == 6
    assert "Blocked: waiting" not in text


# -- the account's verdict, and the managed users' beside it ---------------------------------------


def with_carol(*slots: Slot, **facts: Any) -> AccountStatus:
    """Alice is managed and compliant, carol is not managed."""
    found = account_status(status("alice", user(key("A", 10))))
    first, second = (*slots, Slot(), Slot())[:2]
    report = found.credential_report
    assert report is not None
    rows = {**report.rows, "carol": Row(ago(1000), (first, second))}
    carol = OtherUser("carol", ago(1000), NotManaged.NO_TAG, **facts)
    return replace(
        found,
        scan=replace(found.scan, others=(carol,)),
        credential_report=replace(report, rows=rows),
    )


@pytest.mark.parametrize(
    ("found", "account", "failing"),
    [
        pytest.param(with_carol(), "Compliant", 0, id="no key"),
        pytest.param(with_carol(Slot(True, ago(90))), AS_DATED, 0, id="a young key"),
        pytest.param(with_carol(Slot(True, ago(91))), "Not compliant", 1, id="an old key"),
        pytest.param(with_carol(Slot(True, ago(91)), exempt=True), "Compliant", 0, id="exempt"),
        pytest.param(with_carol(Slot(True, ago(1)), exempt=None), "Incomplete", 0, id="unread"),
        pytest.param(
            replace(with_carol(), credential_report=None), "Incomplete", 0, id="no report"
        ),
    ],
)
def test_who_is_not_managed_decides_about_the_account_and_not_about_managed_users(
    found: AccountStatus, account: str, failing: int
) -> None:
    text = page(of(found))

    assert f"<strong>{account}</strong>" in text
    assert "<strong>Managed users: compliant</strong>" in text
    assert {control.of_account for control in of(found).controls()} == {failing}
    assert {control.failing for control in of(found).controls()} == {0}
    assert ("not complete" in text) is (account == "Incomplete")


def test_page_lists_who_is_not_managed_and_says_who_is_exempt() -> None:
    text = " ".join(page(of(sample())).split())

    assert "Not managed, with active keys" in text
    assert text.index("intern") < text.index("legacy-ftp")
    assert "of the account older than 90 days: 7 of managed users, 2 of users who are not" in text
    assert "not managed. Not counted: 1 exempt" in text
    assert "Not counted: 1 exempt user with active keys (coverage_exempt_tag)." in text
    assert "break-glass" not in text


def test_many_who_are_not_managed_are_cut_and_counted() -> None:
    others = [OtherUser(f"u{n:03}", ago(1000), NotManaged.NO_TAG) for n in range(150)]
    found = with_carol()
    report = found.credential_report
    assert report is not None
    rows = {other.name: Row(ago(1000), (Slot(True, ago(100)), Slot())) for other in others}
    found = replace(
        found,
        scan=replace(found.scan, others=tuple(others)),
        credential_report=replace(report, rows={**report.rows, **rows}),
    )

    text = page(of(found))

    assert "u099" in text
    assert "u100" not in text
    assert "And 50 users more: key-rotation status --unmanaged" in text


def test_a_user_who_could_not_be_read_is_no_compliance() -> None:
    found = account_status(
        status("alice", user(key("A", 10))), unread=(Unread("bob", "AccessDenied"),)
    )
    text = page(of(found))

    assert "<strong>Incomplete</strong>" in text
    assert "AccessDenied" in text
    assert "passed" not in text


def test_page_says_what_is_known_of_users_who_were_not_read() -> None:
    found = of(
        account_status(
            settled_status("alice", key("A", 10)),
            settled_status("bob", key("B", 82)),
            status("carol", user(key("C", 95))),
        )
    )
    text = " ".join(page(found).split())

    assert "Not read one by one: 2 managed users, for whom nothing is due by the credential" in text
    assert "report of 2026-06-01 11:30 UTC" in text
    assert text.count('<span class="soft">not read</span>') == 2
    assert "<td>10+</td>" in text
    assert '<td><b class="over">95</b></td>' in text
    assert text.count("Not in it: 2 users, not read.") == 2
    assert [column.keys for column in found.bins()] == [0, 1, *[0] * 6, 1, 1, *[0] * 3]
    _, due = found.weeks()
    assert sum(week.rotations for week in due) == 3
    Tags(page(found))


def test_page_of_an_account_in_which_all_were_read_says_nothing_of_that() -> None:
    text = page(of(sample()), past_sample())

    assert "ot read" not in text
    assert "Not in it" not in text


def test_page_lists_who_is_an_administrator_and_who_may_be() -> None:
    powers = {
        "alice": Power(("AdministratorAccess", "all of the group ops")),
        "bob": Power((), ("the policy own could not be read",)),
        "carol": Power(()),
    }
    found = of(sample(), Administrators(powers))

    assert [user for user, _ in found.powerful] == ["alice", "bob"]
    text = page(found)
    assert "AdministratorAccess; all of the group ops" in text
    assert "the policy own could not be read" in text
    assert "No managed user is an administrator" not in text
    Tags(text)


def test_page_says_that_nobody_is_an_administrator() -> None:
    text = page(of(sample()))

    assert "No managed user is an administrator." in text
    assert "Administrators among" not in text


def test_policies_that_could_not_be_read_are_no_proof_of_anything() -> None:
    text = page(of(sample(), Administrators({}, "AccessDenied: not you")))

    assert "The policies could not be read: AccessDenied: not you" in text
    assert "No managed user is an administrator" not in text


def test_page_of_an_empty_account() -> None:
    Tags(page(of(account_status())))


def test_what_is_long_may_break_on_a_printed_page() -> None:
    name = "svc_production_warehouse_replication_of_everything_eu_west_1_2024"[:64]
    html = page(of(account_status(status(name, user(key("A", 50))))), past_sample())
    assert f'<b class="long">{name}</b>' in html
    assert '<b class="long">ana</b>' not in html  # short names stay whole
    callers = [line for line in html.splitlines() if "arn:aws:sts::" in line]
    assert callers
    assert all('<td class="long">arn:aws:sts::' in line for line in callers)


def test_everything_is_escaped() -> None:
    hostile = status("alice", user(key(HOSTILE, 95), expired("B", 10)))
    found = account_status(
        hostile, unread=(Unread(HOSTILE, HOSTILE),), unexpected={HOSTILE: HOSTILE}
    )
    text = page(of(found, Administrators({HOSTILE: Power((HOSTILE,))})))

    assert "<script" not in text
    assert "&lt;script&gt;" in text
    Tags(text)


def test_no_text_turns_a_line_of_the_page_around() -> None:
    hostile = "left \u202e right \x1b[2J \u200b \x07"
    found = account_status(unread=(Unread(hostile, hostile),), unexpected={hostile: hostile})
    text = page(of(found, Administrators({hostile: Power((hostile,))})))

    assert [c for c in text if not c.isprintable() and c != "\n"] == []
    assert "right [2J" in text


@pytest.mark.parametrize("most", [0, 1, 3, 4, 9, 57, 5000, 123_456])
def test_charts_stay_within_their_frame(most: int) -> None:
    bins = [Bin(i * 10, i * 10 + 10, most if i == 3 else 0) for i in range(12)]
    weeks = [Week(NOW + timedelta(weeks=i), most) for i in range(13)]
    for chart in (age_histogram(bins), rotations(weeks, weeks)):
        for tag, shown in Tags(chart).seen:
            if tag != "rect":
                continue
            top, height = float(shown["y"] or ""), float(shown["height"] or "")
            assert 22 <= top <= top + height <= 220
