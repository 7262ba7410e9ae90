"""The situations of a user whose key is on a host that pulls."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.hand_over_scenarios import TO_THE_END, not_fetched
from tests.crash.scenario import Owner, Scenario, Unheld


def _due_the_first_time(account: Account) -> Unheld:
    account.add_user("alice", 90, password=False)
    return set()


def _due_again(account: Account) -> Unheld:
    """Weeks after a rotation that the host has pulled."""
    _due_the_first_time(account)
    account.run()
    account.read_secret()
    account.pass_days(1)
    account.use_new_key()
    for days in (30, 31):
        account.run()
        account.pass_days(days)
    account.use_new_key()
    account.pass_days(28)
    return set()


# Days after the run that is tried: the reminder, the end of the grace, the operators' last notice,
# the ceiling, the deletion, and a day later.
_DAYS = (1, 4, 8, 28, 32, 63, 64)
OF_PULLS = (
    Scenario("due again, a host pulls", _due_again, owner=Owner.PULLS, days=_DAYS),
    Scenario("due, a host pulls", _due_the_first_time, owner=Owner.PULLS, days=_DAYS),
    Scenario("superseded, a host pulls late", not_fetched, owner=Owner.PULLS, days=TO_THE_END),
)
# In a run they are as "due again, a host pulls", or as others of the hand-over.
OF_PULLS_ALONE = ("due, a host pulls", "superseded, a host pulls late")
