"""An earlier run that died half-way."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.scenario import SetUp, Unheld
from tests.crash.wire import Died, Fault, Tap, tapped


def died_at(begin: SetUp, call: str, fault: Fault, days_ago: float = 1) -> SetUp:
    """After this beginning, a run died there, so long ago. The owner has not what it made."""

    def set_up(account: Account) -> Unheld:
        begin(account)
        before = set(account.statuses())
        tap = Tap(fault)

        def aim(number: int, name: str) -> None:
            if name == call and tap.at < 0:
                tap.at = number

        tap.before_call = aim
        try:
            with tapped(tap):
                account.run()
        except Died:
            pass
        account.pass_days(days_ago)
        return set(account.statuses()) - before

    return set_up
