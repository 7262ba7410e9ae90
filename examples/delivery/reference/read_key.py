"""A program that reads its access key by Parameter Store's reference to the secret.

    python read_key.py /aws/reference/secretsmanager/iam-access-key/build-agent

It signs the read with its role, and then works with the key: here it prints whose key that is.
"""

from __future__ import annotations

import json
import sys

import boto3


def session_with_key(parameter: str) -> boto3.session.Session:
    """A session that signs with the key. Parameter Store does not cache: each call reads anew.

    Exits with a text if the key was not rotated yet.
    """
    answer = boto3.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    value = json.loads(answer["Parameter"]["Value"])
    if "AccessKeyId" not in value:
        sys.exit(f"{parameter} holds a placeholder: the key was not rotated yet")
    return boto3.session.Session(value["AccessKeyId"], value["SecretAccessKey"])


if __name__ == "__main__":
    print(session_with_key(sys.argv[1]).client("sts").get_caller_identity()["Arn"])
