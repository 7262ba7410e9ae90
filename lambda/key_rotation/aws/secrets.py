"""The users' secrets. Values are written and never read: the role may not read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..domain.left_behind import is_predecessors
from ..domain.model import (
    Access,
    AccessKey,
    Event,
    Intent,
    NewAccessKey,
    SecretState,
    Stamp,
    UserRef,
    placeholder_id,
    version_id,
)
from ..domain.ses_smtp import smtp_credentials
from ..domain.settings import Settings
from ..ports import Clock, RefusedError, UnknownPrincipalError, UnprotectedSecretError
from . import records
from .errors import code, is_definite
from .reading_policy import access, reading_policy
from .refused_readers import RefusedReaders

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef

# A principal that IAM has just got to know is refused in a policy for some seconds.
PRINCIPAL_SETTLES_FOR = timedelta(seconds=15)
PRINCIPAL_RETRY_SECONDS = 3.0
# AWSCURRENT comes to a first version by itself, and leaves no other one for this label. A label is
# of one version: a predecessor's placeholder loses it to its successor's.
PLACEHOLDER_STAGE = "PLACEHOLDER"
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=.@-")


class UserSecrets:
    """The `Secrets` port on a Secrets Manager client, made when first needed."""

    def __init__(
        self, client: Callable[[], SecretsManagerClient], settings: Settings, clock: Clock
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._refused_readers = RefusedReaders()

    def name(self, user: UserRef) -> str:
        return secret_name(self._settings.secret_name_prefix, user.name)

    def describe(self, user: UserRef) -> SecretState:
        name = self.name(user)
        try:
            answer = self._client().describe_secret(SecretId=name)
        except ClientError as error:
            if code(error) == "ResourceNotFoundException":
                return SecretState(name)
            raise
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
        versions = answer.get("VersionIdsToStages", {})
        return SecretState(
            name=name,
            arn=answer["ARN"],
            pending_deletion="DeletedDate" in answer,
            kms_key_id=answer.get("KmsKeyId"),
            replica_regions=_replica_regions(answer),
            managed_by=tags.get(records.MANAGED_BY),
            user_id=tags.get(records.USER_ID),
            versions={id_: frozenset(stages) for id_, stages in versions.items() if stages},
            policy_for=tags.get(records.POLICY_FOR),
            intent=records.read_intent(tags.get(records.INTENT)),
            announced=records.read_stamp(tags.get(records.ANNOUNCED)),
            warned=records.read_stamp(tags.get(records.WARNED)),
            warned_unused=records.read_stamp(tags.get(records.WARNED_UNUSED)),
            inactive_since=records.read_stamp(tags.get(records.INACTIVE_SINCE)),
            works_until=records.read_stamp(tags.get(records.WORKS_UNTIL)),
            leaked=records.read_ids(tags.get(records.LEAKED)),
            notices=records.read_notices(tags),
            last_read=_day(answer.get("LastAccessedDate")),
        )

    def prepare(
        self,
        user: UserRef,
        state: SecretState,
        keys: Collection[AccessKey],
        placeholder: bool = False,
    ) -> SecretState:
        # The record only saves a call. Before a key is stored the policy itself is read.
        is_known = state.policy_for == self._policy_for(user) and state.user_id == user.id
        if state.pending_deletion:
            self._client().restore_secret(SecretId=_arn(state))
            state = replace(state, pending_deletion=False)
        if not state.exists:
            state = self._create(user, state)
        found = partial(self.access, user, state)
        if not is_known and is_predecessors(state, user.id, keys, found):
            state = self.empty(user, state)
        elif placeholder and not any("AWSCURRENT" in s for s in state.versions.values()):
            state = self._put_placeholder(user, state, 1)
        return state if is_known else self._put_policy(user, state)

    def empty(self, user: UserRef, state: SecretState) -> SecretState:
        if state.intent is not None:  # this user's key must not look like one lost under it
            self._client().untag_resource(SecretId=_arn(state), TagKeys=[records.INTENT])
            state = replace(state, intent=None)
        # Two puts, since the first leaves the predecessor's value readable as AWSPREVIOUS.
        state = self._put_placeholder(user, state, 1, "AWSCURRENT")
        return self._put_placeholder(user, state, 2, "AWSCURRENT")

    def as_now(self, state: SecretState) -> SecretState:
        answer = self._client().describe_secret(SecretId=_arn(state))
        key, regions = answer.get("KmsKeyId"), _replica_regions(answer)
        return replace(state, kms_key_id=key, replica_regions=regions)

    def access(self, owner: UserRef | None, state: SecretState) -> Access:
        answer = self._client().get_resource_policy(SecretId=_arn(state))
        policy = answer.get("ResourcePolicy")
        return access(policy, self._settings.root_arn, owner, self._readers(owner))

    def secure(self, owner: UserRef | None, state: SecretState, found: Access) -> SecretState:
        if not found.as_wanted:
            with _or_unprotected("its policy cannot be written"):
                state = self._put_policy(owner, state)
        if not self._settings.is_own_key(state.kms_key_id):
            key = self._settings.kms_key_arn
            with _or_unprotected(f"it cannot be moved from {state.kms_key_id} to {key}"):
                self._client().update_secret(SecretId=_arn(state), KmsKeyId=key)
        if state.replica_regions:
            regions = ", ".join(state.replica_regions)
            with _or_unprotected(f"its replicas in {regions} cannot be removed"):
                self._client().remove_regions_from_replication(
                    SecretId=_arn(state), RemoveReplicaRegions=list(state.replica_regions)
                )
        return state

    def record_intent(self, state: SecretState, intent: Intent) -> None:
        self._tag(state, {records.INTENT: records.write_intent(intent)})

    def withdraw_intent(self, state: SecretState) -> None:
        if state.intent is not None:
            self.record_intent(state, state.intent)
            return
        self._client().untag_resource(SecretId=_arn(state), TagKeys=[records.INTENT])

    def store(self, user: UserRef, state: SecretState, key: NewAccessKey) -> None:
        value: dict[str, object] = {
            "Version": 1,
            "AccessKeyId": key.access_key.id,
            "SecretAccessKey": key.secret_access_key,
            "UserName": user.name,
            "AccountId": user.account_id,
            "CreateDate": key.access_key.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if regions := self._settings.options_of(user.name).smtp_regions:
            value["Smtp"] = smtp_credentials(key, regions)
        try:
            self._put(state, version_id(key.access_key.id), value, "AWSCURRENT")
        except ClientError as error:
            if is_definite(error):
                raise RefusedError from error
            raise

    def record(
        self,
        state: SecretState,
        *,
        announced: Stamp | None = None,
        warned: Stamp | None = None,
        warned_unused: Stamp | None = None,
        inactive_since: Stamp | None = None,
        works_until: Stamp | None = None,
        leaked: frozenset[str] | None = None,
        notice: tuple[Event, Stamp] | None = None,
    ) -> None:
        stamps = {
            records.ANNOUNCED: announced,
            records.WARNED: warned,
            records.WARNED_UNUSED: warned_unused,
            records.INACTIVE_SINCE: inactive_since,
            records.WORKS_UNTIL: works_until,
        }
        if notice is not None:
            stamps[records.notice_key(notice[0])] = notice[1]
        tags = {key: records.write_stamp(stamp) for key, stamp in stamps.items() if stamp}
        if leaked is not None:
            tags[records.LEAKED] = records.write_ids(leaked)
        self._tag(state, tags)

    def forget_inactive(self, state: SecretState) -> None:
        self._client().untag_resource(SecretId=_arn(state), TagKeys=[records.INACTIVE_SINCE])

    def forget_unused_warning(self, state: SecretState) -> None:
        self._client().untag_resource(SecretId=_arn(state), TagKeys=[records.WARNED_UNUSED])

    def forget_announced(self, state: SecretState) -> None:
        keys = [records.ANNOUNCED, records.INTENT]
        self._client().untag_resource(SecretId=_arn(state), TagKeys=keys)

    def _create(self, user: UserRef, state: SecretState) -> SecretState:
        tags = dict(self._settings.secret_tags)
        tags |= {records.MANAGED_BY: self._settings.name, records.USER_ID: user.id}
        answer = self._client().create_secret(
            Name=state.name,
            Description=f"Access key of the IAM user {user.name}",
            KmsKeyId=self._settings.kms_key_arn,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        return replace(
            state,
            arn=answer["ARN"],
            kms_key_id=self._settings.kms_key_arn,
            managed_by=self._settings.name,
            user_id=user.id,
        )

    def _put_placeholder(
        self, user: UserRef, state: SecretState, number: int, *stages: str
    ) -> SecretState:
        """Does nothing where another run has put the same one, and may have stored a key since."""
        token = placeholder_id(user.id, number)
        value = {
            "Version": 1,
            "UserName": user.name,
            "AccountId": user.account_id,
            "Placeholder": "There is no access key here yet. That you can read this is the test.",
        }
        self._put(state, token, value, PLACEHOLDER_STAGE, *stages)
        return replace(state, versions={token: frozenset({"AWSCURRENT"})})

    def _put(
        self, state: SecretState, token: str, value: Mapping[str, object], *stages: str
    ) -> None:
        self._client().put_secret_value(
            SecretId=_arn(state),
            ClientRequestToken=token,
            SecretString=json.dumps(value),
            VersionStages=stages,
        )

    def _readers(self, owner: UserRef | None) -> tuple[str, ...]:
        return self._settings.readers_of(owner.name if owner else None)

    def _policy(self, owner: UserRef | None) -> str:
        return reading_policy(self._settings.root_arn, owner, self._readers(owner))

    def _policy_for(self, user: UserRef) -> str:
        return f"{user.id} {sha256(self._policy(user).encode()).hexdigest()}"

    def _put_policy(self, owner: UserRef | None, state: SecretState) -> SecretState:
        policy, readers = self._policy(owner), frozenset(self._readers(owner))
        # They may be in the policies of thousands, and the run must reach all of these.
        awaited = not self._refused_readers.are_among(readers)
        give_up_at = self._clock.now() + (PRINCIPAL_SETTLES_FOR if awaited else timedelta(0))
        while True:
            try:
                self._client().put_resource_policy(
                    SecretId=_arn(state), ResourcePolicy=policy, BlockPublicPolicy=True
                )
                break
            except ClientError as error:
                if code(error) != "MalformedPolicyDocumentException":
                    raise
                if self._clock.now() >= give_up_at:
                    self._refused_readers.add(readers)
                    raise UnknownPrincipalError(self._refused(owner, state), readers) from error
            self._clock.sleep(PRINCIPAL_RETRY_SECONDS)
        self._refused_readers.remove(readers)
        if owner is None or not owner.name:  # nothing on record that is not known
            return state
        policy_for = self._policy_for(owner)
        self._tag(state, {records.POLICY_FOR: policy_for, records.USER_ID: owner.id})
        return replace(state, policy_for=policy_for, user_id=owner.id)

    def _refused(self, owner: UserRef | None, state: SecretState) -> str:
        names = [*([owner.arn] if owner else []), *self._readers(owner)]
        return (
            f"AWS refused the policy of {state.name}: one of these principals does not exist or is "
            f"not known yet: {', '.join(names)}"
        )

    def _tag(self, state: SecretState, tags: Mapping[str, str]) -> None:
        self._client().tag_resource(
            SecretId=_arn(state),
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )


@contextmanager
def _or_unprotected(problem: str) -> Iterator[None]:
    """A definite refusal means that the secret stays as it is."""
    try:
        yield
    except ClientError as error:
        if is_definite(error):
            raise UnprotectedSecretError(f"{problem} ({error})") from error
        raise


def secret_name(prefix: str, user_name: str) -> str:
    """The name of a user's secret.

    IAM user names may hold a comma, secret names may not; `+` escapes it, and itself, as `+XX`, so
    that two users never share a secret.
    """
    return prefix + "".join(
        character if character in _PLAIN else f"+{ord(character):02X}" for character in user_name
    )


def _day(time: datetime | None) -> date | None:
    return time.astimezone(UTC).date() if time is not None else None


def _replica_regions(answer: DescribeSecretResponseTypeDef) -> tuple[str, ...]:
    return tuple(replica["Region"] for replica in answer.get("ReplicationStatus", []))


def _arn(state: SecretState) -> str:
    """The full ARN: a name that ends like `-abcdef` would count as a partial one."""
    assert state.arn is not None
    return state.arn
