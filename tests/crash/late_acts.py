"""What a person does right before a run, so that IAM may not show it yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.aws.account import Account
from tests.crash.ledger import Ledger
from tests.crash.scenario import Owner
from tests.crash.settings_read import parameter

_TAG = "access-key-rotation"
_KEYS = ("iam:ListAccessKeys",)
_USERS = ("iam:GetAccountAuthorizationDetails", "iam:ListUsers")
_TAGS = ("iam:GetAccountAuthorizationDetails", "iam:ListUserTags")

Which = Callable[[Ledger], str | None]


@dataclass(frozen=True)
class Act:
    """`lists` are the calls whose answers would show it. `is_possible`: it changes something, and
    not just what another act changes."""

    does: Callable[[Account, Ledger], None]
    is_possible: Callable[[Ledger], bool]
    lists: tuple[str, ...] = _KEYS
    takes_a_key: bool = False


def _oldest(ledger: Ledger) -> str | None:
    return next(iter(ledger.keys("alice")), None)


def _newest(ledger: Ledger) -> str | None:
    keys = list(ledger.keys("alice"))
    return keys[-1] if len(keys) > 1 else None


def _in_use(ledger: Ledger) -> list[str]:
    """The keys that work, and whose secrets their owner has."""
    return [
        key_id
        for key_id in ledger.keys("alice")
        if ledger.holds(key_id) and ledger.is_active("alice", key_id)
    ]


def _oldest_in_use(ledger: Ledger) -> str | None:
    return next(iter(_in_use(ledger)), None)


def _newest_in_use(ledger: Ledger) -> str | None:
    keys = _in_use(ledger)
    return keys[-1] if len(keys) > 1 else None


def _on(which: Which, does: Callable[[Account, Ledger, str], None], takes: bool) -> Act:
    def act(account: Account, ledger: Ledger) -> None:
        key_id = which(ledger)
        if key_id is not None:
            does(account, ledger, key_id)

    return Act(act, lambda ledger: which(ledger) is not None, takes_a_key=takes)


def _switches(account: Account, ledger: Ledger, key_id: str) -> None:
    """Off what is on, and on what is off."""
    is_active = ledger.is_active("alice", key_id)
    account.set_status(key_id, "Inactive" if is_active else "Active")
    if not is_active and ledger.emergency_key == key_id:
        ledger.reported.add(key_id)


def _deletes(account: Account, _ledger: Ledger, key_id: str) -> None:
    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=key_id)


def _uses(account: Account, _ledger: Ledger, key_id: str) -> None:
    account.use(key_id)


def _creates(account: Account, ledger: Ledger) -> None:
    """Nobody uses it, so beside a key that is in use it may be disabled as idle."""
    made = account.add_key()
    ledger.look("person")
    ledger.person_keeps(made, days=int(parameter("idle_after_days")))


def _untags(account: Account, _ledger: Ledger) -> None:
    account.client("iam").untag_user(UserName="alice", TagKeys=[_TAG])


def tags_again(account: Account) -> None:
    """Alice is a managed user."""
    tags = [{"Key": _TAG, "Value": "enabled"}]
    account.client("iam").tag_user(UserName="alice", Tags=tags)


def _adds_a_user(account: Account, _ledger: Ledger) -> None:
    account.add_user("carol", 1)


CREATES, UNTAGS = "creates a key", "untags the user"
OF_KEYS = {
    CREATES: Act(_creates, lambda ledger: len(ledger.keys("alice")) < 2),
    "switches the oldest key": _on(_oldest, _switches, takes=True),
    "switches the newest key": _on(_newest, _switches, takes=True),
    "deletes the oldest key": _on(_oldest, _deletes, takes=True),
    "deletes the newest key": _on(_newest, _deletes, takes=True),
}
OF_USERS = {"adds a user": Act(_adds_a_user, lambda _ledger: True, _USERS)}
OF_TAGS = {UNTAGS: Act(_untags, lambda _ledger: True, _TAGS)}
OF_USES = {
    "uses the oldest key": _on(_oldest_in_use, _uses, takes=False),
    "uses the newest key": _on(_newest_in_use, _uses, takes=False),
}
ACTS = OF_KEYS | OF_USERS | OF_TAGS | OF_USES


def possible(acts: dict[str, Act], ledger: Ledger) -> list[str]:
    """Those of these that can happen as the account is now. Who takes a key away from a host that
    pulls has to bring it another one by hand: promise 15 is of hosts that are left alone."""
    is_a_hosts = ledger.owner is Owner.PULLS
    return [
        name
        for name, act in acts.items()
        if act.is_possible(ledger) and not (is_a_hosts and act.takes_a_key)
    ]
