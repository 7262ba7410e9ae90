"""AWS as a run sees it: real requests in, real answers out, with a latency and AWS's page sizes.

Only what is called in a run is here. The answers are written by hand, so that they cost little
beside the program that is measured.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from .account import ACCOUNT_ID, REGION, Account, Key, Secret, User
from .clock import Clock

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html (and the other lists)
IAM_PAGE, IAM_LARGEST_PAGE = 100, 1000
SSM_PAGE = 10
SNS_PAGE = 100
SECRETS_PAGE = 100
REPORT_IS_KEPT_SECONDS = 4 * 3600

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
LOG_PAGE, LOG_PAGE_BYTES = 10_000, 1_000_000
_LOG_LINE = json.dumps(
    {
        "timestamp": "2026-06-01T12:00:00Z",
        "level": "INFO",
        "message": "key changed",
        "logger": "key_rotation",
        "requestId": "8f2f1c0a-1111-4222-8333-0123456789ab",
        "user": "service-00001",
        "user_id": "AIDACKCEVSQ6C2EXAMPLE",
        "access_key_id": "AKIAI44QH8DHBEXAMPLE",
        "action": "create",
        "reason": "key_too_old",
        "replaces": "AKIAIOSFODNN7EXAMPLE",
        "run": "8f2f1c0a-1111-4222-8333-0123456789ab",
        "by": "schedule",
    }
)

_MUTATING = ("Create", "Update", "Delete", "Put", "Tag", "Untag", "Restore", "Publish")


def is_mutating(operation: str) -> bool:
    """Whether an operation (`iam:CreateAccessKey`) changes an account or notifies somebody."""
    return operation.split(":")[1].startswith(_MUTATING) and operation != "cloudwatch:PutMetricData"


class RefusedError(Exception):
    """The answer to a call is an error."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class Emulator:
    """One account behind the wire. Install `answer` as a `before-send` handler of botocore.

    `latency` is in seconds a call. `report_seconds` is how long a credential report takes. Every
    `throttle_every`-th IAM or Secrets Manager call is refused as too many, 0 for none.
    """

    def __init__(
        self,
        account: Account,
        clock: Clock,
        latency: float,
        report_seconds: float,
        throttle_every: int = 0,
    ) -> None:
        self.account = account
        self.calls: Counter[str] = Counter()
        self.throttled = 0
        self.most_iam_writes_in_a_second = 0
        self._clock = clock
        self._latency = latency
        self._report_seconds = report_seconds
        self._throttle_every = throttle_every
        self._lock = threading.Lock()
        self._limited = 0
        self._iam_writes: list[float] = []

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        """What AWS answers, after the latency."""
        service, name, parameters = _parsed(request)
        if service == "iam" and is_mutating(f"{service}:{name}"):
            self._count_write()
        self._clock.sleep(self._latency)
        with self._lock:
            try:
                self._admit(service, name)
                body = getattr(self, f"_{service}_{name}")(parameters)
                status = 200
            except RefusedError as refused:
                body, status = refused.code, refused.status
        return _written(request.url, service, name, body, status)

    def _admit(self, service: str, name: str) -> None:
        operation = f"{service}:{name}"
        self.calls[operation] += 1
        if service not in ("iam", "secretsmanager"):
            return
        self._limited += 1
        if self._throttle_every and self._limited % self._throttle_every == 0:
            self.throttled += 1
            raise RefusedError("Throttling" if service == "iam" else "ThrottlingException")

    def _count_write(self) -> None:
        """When it was sent: on its way it may fall behind another."""
        with self._lock:
            now = self._clock.elapsed()
            self._iam_writes.append(now)
            while now - self._iam_writes[0] >= 1:
                self._iam_writes.pop(0)
            most = max(self.most_iam_writes_in_a_second, len(self._iam_writes))
            self.most_iam_writes_in_a_second = most

    # -- IAM ---------------------------------------------------------------------------------------

    def _iam_GetAccountAuthorizationDetails(self, asked: dict[str, str]) -> str:  # noqa: N802
        page, marker = _iam_page(list(self.account.users.values()), asked)
        details = "".join(f"<member>{_user(user)}{_tags(user)}</member>" for user in page)
        return f"<UserDetailList>{details}</UserDetailList>{marker}"

    def _iam_ListUsers(self, asked: dict[str, str]) -> str:  # noqa: N802
        page, marker = _iam_page(list(self.account.users.values()), asked)
        users = "".join(f"<member>{_user(user)}</member>" for user in page)
        return f"<Users>{users}</Users>{marker}"

    def _iam_ListUserTags(self, asked: dict[str, str]) -> str:  # noqa: N802
        return f"{_tags(self._user(asked))}<IsTruncated>false</IsTruncated>"

    def _iam_GetUser(self, asked: dict[str, str]) -> str:  # noqa: N802
        user = self._user(asked)
        return f"<User>{_user(user)}{_tags(user)}</User>"

    def _iam_ListAccessKeys(self, asked: dict[str, str]) -> str:  # noqa: N802
        user = self._user(asked)
        keys = "".join(f"<member>{_key(user, key)}</member>" for key in user.keys)
        return f"<AccessKeyMetadata>{keys}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"

    def _iam_GetAccessKeyLastUsed(self, _asked: dict[str, str]) -> str:  # noqa: N802
        used = "<Region>N/A</Region><ServiceName>N/A</ServiceName>"
        return f"<AccessKeyLastUsed>{used}</AccessKeyLastUsed>"

    def _iam_GetLoginProfile(self, asked: dict[str, str]) -> str:  # noqa: N802
        user = self._user(asked)
        created = f"<CreateDate>{_date(user.created)}</CreateDate>"
        return f"<LoginProfile><UserName>{user.name}</UserName>{created}</LoginProfile>"

    def _iam_CreateAccessKey(self, asked: dict[str, str]) -> str:  # noqa: N802
        user = self._user(asked)
        if len(user.keys) == 2:
            raise RefusedError("LimitExceeded", 409)
        self.account.keys_made += 1
        made = self.account.keys_made
        key = Key(f"AKIANEW{made:013d}", self._clock.now().replace(microsecond=0))
        key.secret_access_key = f"{made:040d}"
        user.keys.append(key)
        self.account.owners[key.id] = user.name
        secret = f"<SecretAccessKey>{key.secret_access_key}</SecretAccessKey>"
        return f"<AccessKey>{_key(user, key)}{secret}</AccessKey>"

    def _iam_UpdateAccessKey(self, asked: dict[str, str]) -> str:  # noqa: N802
        self._key(asked).active = asked["Status"] == "Active"
        return ""

    def _iam_DeleteAccessKey(self, asked: dict[str, str]) -> str:  # noqa: N802
        self._user(asked).keys.remove(self._key(asked))
        return ""

    def _iam_GenerateCredentialReport(self, _asked: dict[str, str]) -> str:  # noqa: N802
        ready = self.account.report_ready_at
        if ready is not None and self._clock.elapsed() < ready + REPORT_IS_KEPT_SECONDS:
            return "<State>COMPLETE</State>"
        self.account.report_ready_at = self._clock.elapsed() + self._report_seconds
        return "<State>STARTED</State>"

    def _iam_GetCredentialReport(self, _asked: dict[str, str]) -> str:  # noqa: N802
        ready = self.account.report_ready_at
        if ready is None:
            raise RefusedError("ReportNotPresent", 410)
        if self._clock.elapsed() < ready:
            raise RefusedError("ReportInProgress", 404)
        content = base64.b64encode("".join(_report(self.account)).encode()).decode()
        return (
            f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>"
            f"<GeneratedTime>{_date(self._clock.now())}</GeneratedTime>"
        )

    def _user(self, asked: dict[str, str]) -> User:
        try:
            return self.account.users[asked["UserName"]]
        except KeyError:
            raise RefusedError("NoSuchEntity", 404) from None

    def _key(self, asked: dict[str, str]) -> Key:
        for key in self._user(asked).keys:
            if key.id == asked["AccessKeyId"]:
                return key
        raise RefusedError("NoSuchEntity", 404)

    # -- STS, SNS, CloudWatch, SSM -----------------------------------------------------------------

    def _sts_GetCallerIdentity(self, asked: dict[str, str]) -> str:  # noqa: N802
        owner = self.account.users.get(self.account.owners.get(asked["_key"], ""))
        arn = owner.arn if owner else f"arn:aws:iam::{ACCOUNT_ID}:root"
        return f"<Arn>{arn}</Arn><UserId>x</UserId><Account>{ACCOUNT_ID}</Account>"

    def _sns_ListSubscriptionsByTopic(self, asked: dict[str, str]) -> str:  # noqa: N802
        start = int(asked.get("NextToken", "0"))
        page = self.account.subscriptions[start : start + SNS_PAGE]
        listed = "".join(
            f"<member><SubscriptionArn>{one['SubscriptionArn']}</SubscriptionArn>"
            "<Protocol>sqs</Protocol></member>"
            for one in page
        )
        more = start + SNS_PAGE < len(self.account.subscriptions)
        token = f"<NextToken>{start + SNS_PAGE}</NextToken>" if more else ""
        return f"<Subscriptions>{listed}</Subscriptions>{token}"

    def _sns_GetSubscriptionAttributes(self, asked: dict[str, str]) -> str:  # noqa: N802
        [one] = [
            one
            for one in self.account.subscriptions
            if one["SubscriptionArn"] == asked["SubscriptionArn"]
        ]
        entries = "".join(
            f"<entry><key>{name}</key><value>{escape(value)}</value></entry>"
            for name, value in one.items()
        )
        return f"<Attributes>{entries}</Attributes>"

    def _sns_Publish(self, asked: dict[str, str]) -> str:  # noqa: N802
        self.account.published += 1
        self.account.announced += "rotated" in asked.values()
        return f"<MessageId>{self.account.published}</MessageId>"

    def _events_PutEvents(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        entries = [{"EventId": str(number)} for number, _ in enumerate(asked["Entries"])]
        return {"FailedEntryCount": 0, "Entries": entries}

    def _events_DescribeRule(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"Name": asked["Name"], "State": "ENABLED"}

    def _cloudwatch_PutMetricData(self, _asked: Any) -> str:  # noqa: N802
        return ""

    # -- CloudWatch Logs ---------------------------------------------------------------------------

    def _logs_DescribeLogGroups(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = asked["logGroupNamePrefix"]
        made = int((self._clock.now() - timedelta(days=400)).timestamp() * 1000)
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{name}:*"
        group = {"logGroupName": name, "arn": arn, "creationTime": made, "retentionInDays": 365}
        return {"logGroups": [group]}

    def _logs_FilterLogEvents(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """What the report's pattern lets through: each run of a year, and each key that it made."""
        lines = list(self._log_lines(asked["startTime"], asked["endTime"]))
        start = end = int(asked.get("nextToken", "0"))
        size = 0
        while end < len(lines) and end - start < LOG_PAGE and size < LOG_PAGE_BYTES:
            size += len(lines[end][1])
            end += 1
        events = [{"timestamp": at, "message": line} for at, line in lines[start:end]]
        return {"events": events} | ({"nextToken": str(end)} if end < len(lines) else {})

    def _log_lines(self, since: int, until: int) -> Iterator[tuple[int, str]]:
        rotated = len(self.account.users) // 90
        for days in range(365, 0, -1):
            at = int((self._clock.now() - timedelta(days=days)).timestamp() * 1000)
            if since <= at <= until:
                yield at, json.dumps({"message": "users found"})
                yield from [(at, _LOG_LINE)] * rotated

    def _ssm_GetParametersByPath(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        start, size = int(asked.get("NextToken", "0")), asked.get("MaxResults", SSM_PAGE)
        every = list(self.account.parameters_under(asked["Path"]).items())
        end = start + min(size, SSM_PAGE)
        answer: dict[str, Any] = {
            "Parameters": [
                {"Name": f"{asked['Path']}/{name}", "Value": value, "Type": "String"}
                for name, value in every[start:end]
            ]
        }
        return answer | ({"NextToken": str(end)} if end < len(every) else {})

    # -- Secrets Manager ---------------------------------------------------------------------------

    def _secretsmanager_ListSecrets(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        start = int(asked.get("NextToken", "0"))
        end = start + min(asked.get("MaxResults", SECRETS_PAGE), SECRETS_PAGE)
        every = list(self.account.secrets.values())
        answer: dict[str, Any] = {
            "SecretList": [
                {
                    "ARN": secret.arn,
                    "Name": secret.name,
                    "Tags": [{"Key": key, "Value": value} for key, value in secret.tags.items()],
                    "KmsKeyId": secret.kms_key_id,
                }
                for secret in every[start:end]
            ]
        }
        return answer | ({"NextToken": str(end)} if end < len(every) else {})

    def _secretsmanager_DescribeSecret(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        secret = self._secret(asked)
        return {
            "ARN": secret.arn,
            "Name": secret.name,
            "Tags": [{"Key": key, "Value": value} for key, value in secret.tags.items()],
            "VersionIdsToStages": secret.versions,
            "KmsKeyId": secret.kms_key_id,
        }

    def _secretsmanager_CreateSecret(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if asked["Name"] in self.account.secrets:
            raise RefusedError("ResourceExistsException")
        tags = {tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])}
        secret = Secret(asked["Name"], tags, {}, kms_key_id=asked["KmsKeyId"])
        self.account.secrets[secret.name] = secret
        return {"ARN": secret.arn, "Name": secret.name}

    def _secretsmanager_PutSecretValue(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        secret, token = self._secret(asked), asked["ClientRequestToken"]
        kept = [id_ for id_, stages in secret.versions.items() if "AWSCURRENT" in stages]
        secret.versions = {id_: ["AWSPREVIOUS"] for id_ in kept if id_ != token}
        secret.versions[token] = ["AWSCURRENT"]
        return {"ARN": secret.arn, "Name": secret.name, "VersionId": token}

    def _secretsmanager_PutResourcePolicy(  # noqa: N802
        self, asked: dict[str, Any]
    ) -> dict[str, Any]:
        secret = self._secret(asked)
        secret.policy = asked["ResourcePolicy"]
        return {"ARN": secret.arn, "Name": secret.name}

    def _secretsmanager_GetResourcePolicy(  # noqa: N802
        self, asked: dict[str, Any]
    ) -> dict[str, Any]:
        secret = self._secret(asked)
        return {"ARN": secret.arn, "Name": secret.name, "ResourcePolicy": secret.policy}

    def _secretsmanager_TagResource(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._secret(asked).tags |= {tag["Key"]: tag["Value"] for tag in asked["Tags"]}
        return {}

    def _secretsmanager_UntagResource(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        secret = self._secret(asked)
        secret.tags = {k: v for k, v in secret.tags.items() if k not in asked["TagKeys"]}
        return {}

    def _secret(self, asked: dict[str, Any]) -> Secret:
        name = asked["SecretId"]
        if name.startswith("arn:"):
            name = name.split(":", 6)[6].rsplit("-", 1)[0]
        try:
            return self.account.secrets[name]
        except KeyError:
            raise RefusedError("ResourceNotFoundException") from None


# -- requests and answers --------------------------------------------------------------------------


def _parsed(request: Any) -> tuple[str, str, dict[str, Any]]:
    """Service, operation and parameters of a signed request."""
    target = request.headers.get("X-Amz-Target")
    body = request.body if request.body is not None else b""
    if target is not None:
        target = target.decode() if isinstance(target, bytes) else target
        prefix, name = target.split(".")
        named = {"AmazonSSM": "ssm", "AWSEvents": "events", "Logs_20140328": "logs"}
        service = named.get(prefix, prefix.lower())
        if service.startswith("granite"):
            return "cloudwatch", name, {}
        return service, name, json.loads(body)
    host = request.url.split("/")[2].split(".")[0]
    if host == "monitoring":
        return "cloudwatch", "PutMetricData", {}
    parameters = dict(parse_qsl(body.decode() if isinstance(body, bytes) else body))
    if host == "sts":
        authorization = request.headers["Authorization"]
        authorization = (
            authorization.decode() if isinstance(authorization, bytes) else authorization
        )
        parameters["_key"] = authorization.split("Credential=")[1].split("/")[0]
    return host, parameters["Action"], parameters


class _Raw:
    """A body that urllib3 would have read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content

    def read(self, *_: Any, **__: Any) -> bytes:
        content, self._content = self._content, b""
        return content


def _written(url: str, service: str, name: str, body: Any, status: int) -> AWSResponse:
    headers: dict[str, str] = {"x-amzn-requestid": "r"}
    if service == "cloudwatch":
        headers |= {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
        content = b"\xa0"
    elif isinstance(body, str) and service in ("ssm", "secretsmanager", "events", "logs"):
        content = json.dumps({"__type": body, "message": body}).encode()
    elif isinstance(body, str) and status != 200:
        error = f"<Error><Type>Sender</Type><Code>{body}</Code><Message>{body}</Message></Error>"
        content = f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode()
    elif isinstance(body, str):
        result = f"<{name}Result>{body}</{name}Result>" if body else ""
        metadata = "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
        content = f"<{name}Response>{result}{metadata}</{name}Response>".encode()
    else:
        content = json.dumps(body).encode()
    raw: Any = _Raw(content)
    return AWSResponse(url, status, HTTPHeaders.from_dict(headers), raw)


def _iam_page(every: Sequence[User], asked: dict[str, str]) -> tuple[Sequence[User], str]:
    size = int(asked.get("MaxItems", IAM_PAGE))
    if size > IAM_LARGEST_PAGE:
        raise RefusedError("ValidationError")
    start = int(asked.get("Marker", "0"))
    end = start + size
    if end >= len(every):
        return every[start:end], "<IsTruncated>false</IsTruncated>"
    return every[start:end], f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>"


def _user(user: User) -> str:
    return (
        f"<Path>/</Path><UserName>{user.name}</UserName><UserId>{user.id}</UserId>"
        f"<Arn>{user.arn}</Arn><CreateDate>{_date(user.created)}</CreateDate>"
    )


def _tags(user: User) -> str:
    tags = "".join(
        f"<member><Key>{key}</Key><Value>{value}</Value></member>"
        for key, value in user.tags.items()
    )
    return f"<Tags>{tags}</Tags>"


def _key(user: User, key: Key) -> str:
    status = "Active" if key.active else "Inactive"
    return (
        f"<UserName>{user.name}</UserName><AccessKeyId>{key.id}</AccessKeyId>"
        f"<Status>{status}</Status><CreateDate>{_date(key.created)}</CreateDate>"
    )


def _date(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


_COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n"
)


def _report(account: Account) -> Iterator[str]:
    yield _COLUMNS
    for user in account.users.values():
        slots = ""
        for slot in range(2):
            key = user.keys[slot] if slot < len(user.keys) else None
            active = "true" if key is not None and key.active else "false"
            rotated = "N/A" if key is None else _report_date(key.created)
            slots += f"{active},{rotated},N/A,N/A,N/A,"
        created = _report_date(user.created)
        password = f"true,no_information,{created},N/A,true,"
        yield f"{user.name},{user.arn},{created},{password}{slots}false,N/A,false,N/A\n"


def _report_date(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00")
