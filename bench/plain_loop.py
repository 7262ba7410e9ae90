"""The loop that people write: every user, the tags and keys of each, one after the other.

It does the least that replaces a key and notifies its owner: create, store, announce, disable. It
checks nothing, records nothing and recovers from nothing.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from .account import TOPIC_ARN


def handler(_event: object, context: Any) -> dict[str, Any]:
    iam, secrets = boto3.client("iam"), boto3.client("secretsmanager")
    sns = boto3.client("sns")
    clock = getattr(context, "clock", None)
    now = clock.now() if clock else datetime.now(UTC)
    rotated = []
    for page in iam.get_paginator("list_users").paginate():
        for user in page["Users"]:
            name = user["UserName"]
            tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(UserName=name)["Tags"]}
            keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
            if tags.get("access-key-rotation") != "enabled":
                continue
            for key in keys:
                if key["Status"] != "Active" or now - key["CreateDate"] < timedelta(days=90):
                    continue
                new = iam.create_access_key(UserName=name)["AccessKey"]
                value = {name: new[name] for name in ("AccessKeyId", "SecretAccessKey")}
                secrets.put_secret_value(
                    SecretId=f"iam-access-key/{name}", SecretString=json.dumps(value)
                )
                sns.publish(TopicArn=TOPIC_ARN, Message=f"{name}: there is a new access key")
                iam.update_access_key(
                    UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive"
                )
                rotated.append(name)
    return {"rotated": len(rotated)}
