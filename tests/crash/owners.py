"""Owners: what they do after every run, with the keys that they have."""

from __future__ import annotations

from tests.crash.ledger import Ledger
from tests.crash.scenario import Owner


def after_a_run(owner: Owner, ledger: Ledger, name: str) -> None:
    """As this owner does."""
    if owner in (Owner.FETCHES, Owner.MOVES):
        ledger.fetch(name)
    if owner is Owner.MOVES:
        use_new(ledger, name)
    if owner is Owner.PULLS and ledger.host is not None:
        ledger.host.fire()
    if owner is Owner.CLINGS:
        use_old(ledger, name)


def use_new(ledger: Ledger, name: str) -> None:
    """The key in the secret, if its owner has it and it works."""
    key_id = ledger.delivered(name)
    if key_id is not None and ledger.is_active(name, key_id) and ledger.holds(key_id):
        ledger.account.use(key_id)


def use_old(ledger: Ledger, name: str) -> None:
    """The oldest key that works and that its owner has."""
    held = (key for key in ledger.keys(name) if ledger.holds(key) and ledger.is_active(name, key))
    key_id = next(held, None)
    if key_id is not None:
        ledger.account.use(key_id)
