"""All accounts in one view: what is counted, the table, and the report."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from key_rotation_cli.account import Unread
from key_rotation_cli.accounts import unmanaged
from key_rotation_cli.accounts.gather import Gathered, ReadAccount, UnreadAccount
from key_rotation_cli.accounts.report import page
from key_rotation_cli.accounts.status_table import show
from key_rotation_cli.accounts.summary import Counts, counts_of, total
from key_rotation_cli.report.past import NOT_ASKED
from key_rotation_cli.screen import Screen
from key_rotation_cli.selection import Selection
from tests.unit.accounts_sample import gathered, whole
from tests.unit.builders import NOW, key, settings, user
from tests.unit.history_sample import past_sample
from tests.unit.sample import account_status, nobodys, sample, status
from tests.unit.test_report_page import HOSTILE, Tags

# -- counts ----------------------------------------------------------------------------------------


def test_counts_are_those_of_the_account() -> None:
    [security, shop] = (counts_of(account) for account in gathered().read)

    assert security == Counts(iam_users=32, managed_users=1, active_keys=1, oldest_days=12)
    assert shop == Counts(
        iam_users=34,
        managed_users=3,
        active_keys=4,
        oldest_days=131,
        over_limit=2,
        over_benchmark=2,
        due=1,
        blocked=1,
    )


def test_the_total_has_the_oldest_key_of_all() -> None:
    both = total(counts_of(account) for account in gathered().read)

    assert (both.managed_users, both.active_keys, both.oldest_days) == (4, 5, 131)
    assert total([]) == Counts()


def test_what_is_unknown_of_one_account_is_unknown_of_all() -> None:
    both = total([Counts(unmanaged_users=3), Counts(unmanaged_users=None)])

    assert both.unmanaged_users is None
    assert total([Counts(unmanaged_users=3), Counts(unmanaged_users=4)]).unmanaged_users == 7


def test_without_a_credential_report_the_unmanaged_are_unknown() -> None:
    found = replace(sample(), credential_report=None)
    counts = counts_of(ReadAccount("shop", found, nobodys(found)))

    assert (counts.unmanaged_users, counts.unmanaged_over_benchmark) == (None, None)
    text = page(Gathered(NOW, (ReadAccount("shop", found, nobodys(found)),), ()))
    assert "Nobody knows how many users who are not managed have keys." in text


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        pytest.param(Counts(over_limit=1, blocked=1), "compliant", id="within 90 days"),
        pytest.param(Counts(over_benchmark=1), "not_compliant", id="over 90 days"),
        pytest.param(Counts(over_benchmark=1, unread=1), "incomplete", id="not read"),
        pytest.param(Counts(unmanaged_over_benchmark=1), "not_compliant", id="not managed"),
        pytest.param(Counts(unmanaged_users=2), "compliant", id="not managed, within 90 days"),
        pytest.param(Counts(unmanaged_over_benchmark=None), "incomplete", id="not known"),
    ],
)
def test_verdict(counts: Counts, verdict: str) -> None:
    assert counts.verdict == verdict


# -- the table -------------------------------------------------------------------------------------


def shown(found: Gathered, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The lines of the tables."""
    show(found, Screen())
    return [part.splitlines() for part in capsys.readouterr().out.split("\n\n")]


def test_who_needs_attention_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    users, _uses, _counts = shown(gathered(), capsys)
    order = list(dict.fromkeys(tuple(line.split()[:2]) for line in users[1:]))

    assert order == [
        ("shop", "nightly-etl"),  # blocked
        ("shop", "robot"),  # due
        ("shop", "ana"),  # ok, but not over
        ("security", "backup"),
    ]


def test_an_account_that_was_not_read_is_a_row_with_its_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _users, uses, counts = shown(gathered(), capsys)

    assert uses[0].startswith("account  user")
    assert all(line.startswith("shop ") for line in uses[1:])
    assert re.fullmatch(r"warehouse  777788889999 +arn:aws:iam::7.* not authorized", counts[1])
    assert counts[-1].startswith("total      2 of 3 accounts  4 ")


def test_accounts_without_users_have_counts_alone(capsys: pytest.CaptureFixture[str]) -> None:
    empty = account_status()
    [counts] = shown(Gathered(NOW, (ReadAccount("shop", empty, nobodys(empty)),), ()), capsys)

    assert [line.split()[0] for line in counts] == ["account", "shop", "total"]


def test_users_out_of_reach_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = replace(account_status(), out_of_reach={"alice": "never_user_arns"})
    users, _counts = shown(Gathered(NOW, (ReadAccount("shop", found, nobodys(found)),), ()), capsys)

    assert users[1].split() == ["shop", "alice", "-", "out", "of", "reach:", "never_user_arns"]


def test_a_table_has_a_hundred_users_of_all_accounts_and_no_settled_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [status(f"user-{number:03}", user(key(f"A{number}", 10))) for number in range(60)]
    many.append(replace(status("settled", user(key("S", 10))), from_report=True))
    found = account_status(*many, status("blocked", user(key("A", 95), key("B", 94))))
    accounts = tuple(ReadAccount(name, found, nobodys(found)) for name in ("security", "shop"))
    both = Gathered(NOW, accounts, ())

    users, _uses, left_out, _counts = shown(both, capsys)
    names = [tuple(line.split()[:2]) for line in users[1:]]
    assert list(dict.fromkeys(names))[:3] == [
        ("security", "blocked"), ("shop", "blocked"), ("security", "user-000"),
    ]  # fmt: skip
    assert len(set(names)) == 100
    assert left_out[0] == "not shown: 24 users, 24 ok (--all, --state, --user)"
    assert [line.split(" not read")[0] for line in left_out[1:]] == [
        "security: 1 settled user", "shop: 1 settled user",
    ]  # fmt: skip

    show(both, Screen(), Selection(everybody=True))
    users = capsys.readouterr().out.split("\n\n")[0].splitlines()
    assert len({tuple(line.split()[:2]) for line in users[1:]}) == 124

    show(both, Screen(), Selection(states=frozenset({"blocked"})))
    users = capsys.readouterr().out.split("\n\n")[0].splitlines()
    assert {line.split()[1] for line in users[1:]} == {"blocked"}


def test_whom_the_limit_puts_off_is_said_by_account(capsys: pytest.CaptureFixture[str]) -> None:
    limit = settings(max_rotations_per_run=1)
    due = [status(name, user(key(name, days)), limit) for name, days in (("a", 92), ("b", 95))]
    found = replace(account_status(*due), settings=limit)
    one = replace(account_status(due[0]), settings=limit)
    accounts = (ReadAccount("shop", found, nobodys(found)), ReadAccount("x", one, nobodys(one)))
    users, _counts = shown(Gathered(NOW, accounts, ()), capsys)

    assert [line.split()[0:2] + line.split()[-2:] for line in users[1:]] == [
        ["shop", "a", "later", "run"], ["shop", "b", "next", "run"], ["x", "a", "next", "run"],
    ]  # fmt: skip


def test_users_who_are_not_managed_are_counted_by_account(
    capsys: pytest.CaptureFixture[str],
) -> None:
    *_tables, sentences, counts = shown(whole(), capsys)

    assert [line.split()[-1] for line in counts[1:]] == ["1", "4", "5"]
    assert sentences[-1].startswith("shop: 4 users who are not managed have active keys")

    unmanaged.show(whole(), Screen())
    users = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in users[1:-2]] == [
        ["security", "intern"], ["shop", "intern"],
        ["shop", "legacy-ftp"], ["shop", "zoe"], ["shop", "tim"],
    ]  # fmt: skip
    assert users[-1].startswith("shop: 4 users who are not managed have active keys")


# -- the report ------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [gathered(), whole(), whole(compliant=True)])
def test_page_is_well_formed_and_needs_nothing_else(found: Gathered) -> None:
    text = page(found)
    tags = Tags(text).seen

    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object"}
    assert not {name for _, names in tags for name in names} & {"src", "style", "onload"}
    links = [names["href"] for tag, names in tags if tag == "a"]
    targets = [names["id"] for _, names in tags if "id" in names]
    assert links == [f"#{target}" for target in targets]
    assert len(set(targets)) == len(found.read)
    assert not re.search(r"url\(|@import", text)


def test_page_has_the_last_twelve_months_of_each_account() -> None:
    past = past_sample()
    assert past.history is not None
    found = whole()
    one, *others = found.read
    text = page(replace(found, read=(replace(one, past=past), *others)))

    assert text.count("Rotations of the last twelve months") == len(found.read)
    assert text.count(past.history.group.name) == 1
    assert text.count(NOT_ASKED.error or "") == len(others)


def test_page_has_the_part_of_each_account() -> None:
    found = whole()
    text = page(found)
    summary, *parts = text.split('<header class="account"')

    assert len(parts) == 2
    for account, part in zip(reversed(found.read), parts, strict=True):
        assert f"<h2>{account.name}</h2>" in part
        assert f"Account {account.id}, installation key-rotation in eu-west-1" in part
        ids = [key.id for each in account.status.statuses for key in each.keys]
        assert [key_id for key_id in ids if key_id not in part] == []
    assert "<strong>Not compliant</strong>" in summary
    assert "9 active keys older than 90 days: 7 of managed users, 2 of users who" in summary
    rows = re.findall(r"<tr><td>.*?<b class=\"whole\">(.*?)</b>", summary)
    assert rows == ["shop", "security", "total"]
    assert summary.count(">Compliant<") == 1


def test_page_of_accounts_that_are_all_compliant() -> None:
    summary = page(whole(compliant=True)).split('<header class="account"')[0]

    assert "<strong>Compliant, as far as the credential report dates keys</strong>" in summary
    assert "Each verdict holds as far as the credential report dates keys" in summary
    assert "Not compliant" not in summary


def test_page_is_incomplete_without_an_account_or_a_user() -> None:
    summary = page(gathered()).split('<header class="account"')[0]
    assert "Not complete: 1 account could not be read. 2 active keys of managed" in summary
    assert "of 3 accounts read" in summary
    assert "cannot be assumed" in summary

    found = account_status(unread=(Unread("alice", "AccessDenied"),))
    summary = page(Gathered(NOW, (ReadAccount("shop", found, nobodys(found)),), ()))
    assert "Not complete: 1 managed user could not be read." in summary


def test_page_of_no_account_that_could_be_read() -> None:
    text = page(replace(gathered(), read=()))

    Tags(text)
    assert "<strong>Incomplete</strong>" in text


def test_each_part_has_the_settings_of_its_account() -> None:
    long = account_status(status("alice", user(key("A", 100)), settings(max_key_age_days=365)))
    found = replace(long, settings=settings(max_key_age_days=365))
    text = page(Gathered(NOW, (ReadAccount("shop", found, nobodys(found)),), ()))

    assert "max_key_age_days = 365" in text


def test_everything_is_escaped() -> None:
    found = sample()
    accounts = (ReadAccount(HOSTILE, replace(found, account_id=HOSTILE), nobodys(found)),)
    text = page(Gathered(NOW, accounts, (UnreadAccount(HOSTILE, HOSTILE, HOSTILE),)))

    assert "<script" not in text
    assert "&lt;script&gt;" in text
    Tags(text)
