"""Other accounts in moto, which are entered by a role."""

from __future__ import annotations

from typing import Any

import boto3

from tests.aws.account import REGION, Account, Clock, client


class MemberAccount(Account):
    """The account of this id, as the module sets it up, with a listening operator."""

    def __init__(self, clock: Clock, account_id: str) -> None:
        self.id = account_id
        role = f"arn:aws:iam::{account_id}:role/made-by-the-test"
        key = client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        self._session = boto3.session.Session(
            key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], REGION
        )
        super().__init__(clock)
        self.subscribe("operators", audience="operator")

    def client(self, service: str) -> Any:
        return self._session.client(service)  # type: ignore[call-overload]
