"""What people do with the settings that are not the defaults."""

from __future__ import annotations

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID, PARAMETERS, Account
from tests.crash.ledger import Ledger
from tests.crash.settings_read import parameter
from tests.crash.settings_table import TABLE

_TAG, _OVERRIDES = "tag ", "access-key-rotation:"


def takes_settings_back(account: Account, ledger: Ledger) -> None:
    """Each setting of the table is the default again, and no user has a tag of his own."""
    for name in TABLE:
        if name in PARAMETERS and parameter(name) != PARAMETERS[name]:
            account.set_parameter(name, PARAMETERS[name])
    tags = [_OVERRIDES + name.removeprefix(_TAG) for name in TABLE if name.startswith(_TAG)]
    for name in iam_backends[ACCOUNT_ID]["aws"].users:
        account.client("iam").untag_user(UserName=name, TagKeys=tags)
