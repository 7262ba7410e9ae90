"""People: somebody changes keys, settings, or who can read the secret, or an owner moves to the new
key, between any two calls of a run and any two of the days that follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from tests.aws.account import ACCOUNT_ID, Account
from tests.crash.branches import undisturbed_calls
from tests.crash.ledger import Ledger
from tests.crash.option_scenarios import OWN_READER
from tests.crash.owners import use_new
from tests.crash.runs import BY_NAME, MUTATING, Invocation, go_on
from tests.crash.settings_acts import takes_settings_back
from tests.crash.settings_read import options, parameter
from tests.crash.settings_scenarios import READER
from tests.crash.settings_table import SCENARIOS as OF_OTHER_SETTINGS
from tests.crash.settings_table import places
from tests.crash.trunk import GoOn, Struck
from tests.crash.wire import untapped

Act = Callable[[Account, Ledger], None]
_TAG = "access-key-rotation"
_HELD_FOR_DAYS = 10
_STRANGER = f"arn:aws:iam::{ACCOUNT_ID}:user/mallory"


def _oldest_and_newest(account: Account) -> tuple[str, str | None]:
    keys = account.client("iam").list_access_keys(UserName="alice")["AccessKeyMetadata"]
    ids = [key["AccessKeyId"] for key in sorted(keys, key=lambda key: key["CreateDate"])]
    return ids[0], ids[1] if len(ids) > 1 else None


def _only_key(account: Account) -> str | None:
    ids = list(account.statuses())
    return ids[0] if len(ids) == 1 else None


def _creates(account: Account, ledger: Ledger) -> None:
    if len(account.statuses()) < 2:
        made = account.add_key()
        ledger.look("person")
        ledger.person_keeps(made)


def _disables_old(account: Account, ledger: Ledger) -> None:
    old, _ = _oldest_and_newest(account)
    account.set_status(old, "Inactive")


def _deletes_old(account: Account, ledger: Ledger) -> None:
    old, newest = _oldest_and_newest(account)
    if newest is not None:
        account.client("iam").delete_access_key(UserName="alice", AccessKeyId=old)


def _disables_the_only_key(account: Account, ledger: Ledger) -> None:
    if (only := _only_key(account)) is not None:
        account.set_status(only, "Inactive")


def _deletes_the_only_key(account: Account, ledger: Ledger) -> None:
    if (only := _only_key(account)) is not None:
        account.client("iam").delete_access_key(UserName="alice", AccessKeyId=only)


def _uses_the_only_key(account: Account, ledger: Ledger) -> None:
    if (only := _only_key(account)) is not None and account.statuses()[only] == "Active":
        account.use(only)


def _disables_new(account: Account, ledger: Ledger) -> None:
    _, newest = _oldest_and_newest(account)
    if newest is not None:
        account.set_status(newest, "Inactive")


def _deletes_new(account: Account, ledger: Ledger) -> None:
    _, newest = _oldest_and_newest(account)
    if newest is not None:
        account.client("iam").delete_access_key(UserName="alice", AccessKeyId=newest)


def _goes_back(account: Account, ledger: Ledger) -> None:
    """Re-enables the old key and disables the new one: not to be undone."""
    old, newest = _oldest_and_newest(account)
    if newest is not None:
        account.set_status(old, "Active")
        ledger.look("person")
        account.set_status(newest, "Inactive")
        # Then the new key may be deleted by rule 4, and the old one, which is due, be replaced.
        is_orphan = newest != ledger.delivered("alice") and not ledger.holds(newest)
        ledger.person_keeps(old, days=0.25 if is_orphan else 30)


def _enables_leaked(account: Account, ledger: Ledger) -> None:
    """After an emergency was done with it."""
    leaked = ledger.emergency_key
    if leaked is not None and account.statuses().get(leaked) == "Inactive":
        account.set_status(leaked, "Active")
        ledger.reported.add(leaked)


def _policy(account: Account) -> Any:
    """The secret's policy; None if there is none."""
    try:
        answer = account.client("secretsmanager").get_resource_policy(
            SecretId=account.secret_name()
        )
    except ClientError:
        return None
    return json.loads(answer["ResourcePolicy"]) if answer.get("ResourcePolicy") else None


def _put(account: Account, policy: Any) -> None:
    account.client("secretsmanager").put_resource_policy(
        SecretId=account.secret_name(), ResourcePolicy=json.dumps(policy)
    )


def _lets_a_stranger_read(account: Account, ledger: Ledger) -> None:
    """And leaves every record of the policy as it is: the tags say that it is ours."""
    policy = _policy(account)
    if policy is not None:
        policy["Statement"][0]["Principal"]["AWS"].append(_STRANGER)
        policy["Statement"][1]["Condition"].setdefault("ArnNotEquals", {})["aws:PrincipalArn"] = [
            _STRANGER
        ]
        _put(account, policy)


def _removes_the_policy(account: Account, ledger: Ledger) -> None:
    if _policy(account) is not None:
        account.client("secretsmanager").delete_resource_policy(SecretId=account.secret_name())


def _chooses_another_key(account: Account, ledger: Ledger) -> None:
    if ledger.secret("alice") is not None:
        account.client("secretsmanager").update_secret(
            SecretId=account.secret_name(), KmsKeyId="alias/somebodys"
        )


def _replicates(account: Account, ledger: Ledger) -> None:
    secret = ledger.secret("alice")
    if secret is not None and not secret.replicas:
        account.client("secretsmanager").replicate_secret_to_regions(
            SecretId=account.secret_name(), AddReplicaRegions=[{"Region": "us-east-1"}]
        )


def _changes_the_readers(account: Account, ledger: Ledger) -> None:
    named = parameter("secret_reader_arns") != "[]"
    account.set_parameter("secret_reader_arns", "[]" if named else json.dumps([READER]))


def _changes_the_users_own_readers(account: Account, ledger: Ledger) -> None:
    chosen = options("alice")
    if chosen.pop("reader_arns", None) is None:
        chosen["reader_arns"] = [OWN_READER]
    account.set_user_options({"alice": chosen} if chosen else {})


def _reads_the_secret(account: Account, ledger: Ledger) -> None:
    ledger.fetch("alice")


def _uses_the_new_key(account: Account, ledger: Ledger) -> None:
    ledger.fetch("alice")
    use_new(ledger, "alice")


def _holds_the_old_key(account: Account, ledger: Ledger) -> None:
    old, _ = _oldest_and_newest(account)
    day = (account.clock.now() + timedelta(days=_HELD_FOR_DAYS)).date()
    tag = {"Key": f"{_TAG}:hold-until", "Value": f"{day} {old}"}
    account.client("iam").tag_user(UserName="alice", Tags=[tag])
    ledger.person_keeps(old, _HELD_FOR_DAYS)


def _sets(name: str, value: str) -> Act:
    return lambda account, _ledger: account.set_parameter(name, value)


OF_ACCESS: dict[str, Act] = {
    "lets a stranger read": _lets_a_stranger_read,
    "removes the policy": _removes_the_policy,
    "chooses another KMS key": _chooses_another_key,
    "replicates the secret": _replicates,
    "changes the readers": _changes_the_readers,
    "changes the user's own readers": _changes_the_users_own_readers,
}
ACTS: dict[str, Act] = {
    "creates a key": _creates,
    "disables the old key": _disables_old,
    "deletes the old key": _deletes_old,
    "disables the new key": _disables_new,
    "deletes the new key": _deletes_new,
    "goes back to the old key": _goes_back,
    "enables the leaked key": _enables_leaked,
}
OF_FIRST_KEYS: dict[str, Act] = {
    "creates a key": _creates,
    "disables the only key": _disables_the_only_key,
    "deletes the only key": _deletes_the_only_key,
}
OF_UNUSED: dict[str, Act] = {
    "uses the only key": _uses_the_only_key,
    "creates a key": _creates,
    "disables the only key": _disables_the_only_key,
}
OF_OWNERS: dict[str, Act] = {
    "reads the secret": _reads_the_secret,
    "uses the new key": _uses_the_new_key,
}
OF_SETTINGS: dict[str, Act] = {
    "wants no holds": _sets("hold_until_moved", "false"),
    "wants no reminders": _sets("remind_before_days", "0"),
    "wants earlier reminders": _sets("remind_before_days", "6"),
}
HOLDS = "holds the old key"
OF_HOLDS: dict[str, Act] = {HOLDS: _holds_the_old_key}
TAKES_BACK = "takes the settings back"
OF_EACH_SETTING: dict[str, Act] = {
    TAKES_BACK: takes_settings_back,
    "goes back to the old key": _goes_back,
}
_ACTS = (
    ACTS
    | OF_EACH_SETTING
    | OF_FIRST_KEYS
    | OF_UNUSED
    | OF_ACCESS
    | OF_OWNERS
    | OF_SETTINGS
    | OF_HOLDS
)
SCENARIOS_OF_ACCESS = (
    "first key",
    "due, warned of",
    "due, somebody prepared the secret",
    "superseded, the grace is over",
    "settled, a reader removed",
    "settled, an own reader removed",
    "emergency, the only key",
)
SCENARIOS = (
    "due, the first time",
    "due again",
    "due, a service user",
    "due, a key that came back",
    "superseded, the grace is over",
    "superseded, to be deleted",
    "superseded, and on again",
    "superseded, still in use",
    "died before the store",
    "died after the store",
    "two active, one idle",
    "emergency, the only key",
    "emergency, both slots active",
)
# No ceiling is near.
SCENARIOS_OF_HOLDS = ("superseded, the grace is over", "two active, one idle")
SCENARIOS_OF_HAND_OVER = (
    "reminder due",
    "superseded, not fetched",
    "held, the last notice is due",
)


@dataclass(frozen=True)
class PersonPoint:
    """A person does `act` just before the run's call `at`, or after the run if there is none; or
    just before the run of a `day` that follows."""

    scenario: str
    act: str
    at: int
    day: int | None = None

    def __str__(self) -> str:
        return f"{self.scenario}: a person {self.act} before {moment(self.at, self.day)}"

    def strike(self, run: Struck) -> GoOn:
        def person() -> None:
            _ACTS[self.act](run.account, run.ledger)
            run.ledger.look("person")

        return interfere(run, self.scenario, person, self.day)


def moment(at: int, day: int | None) -> str:
    """The call of the run, or the run of a day that follows."""
    return f"call {at}" if day is None else f"the run of day {day}"


def interfere(
    run: Struck,
    scenario: str,
    act: Callable[[], None],
    day: int | None,
    days: tuple[int, ...] = (),
) -> GoOn:
    """Somebody acts now, or just before the run of a `day` that follows. The `days` are those of
    the scenario, unless given."""
    run.ledger.tolerant = True

    def beside() -> None:
        with untapped():
            act()

    if day is None:
        beside()

    def after(first: Invocation) -> None:
        repeats = 1 + BY_NAME[scenario].died_before
        acts = {} if day is None else {day: beside}
        go_on(run.account, run.ledger, scenario, first, run.payload, repeats, acts, days)

    return after


def person_points(name: str) -> list[PersonPoint]:
    """Every act before every call, after the last, and of a hand-over before the runs that follow.
    A run reads its settings first of all."""
    scenario = BY_NAME[name]
    if name in OF_OTHER_SETTINGS:
        return _points_of_a_setting(name)
    acts = [
        act for act in ACTS if name in SCENARIOS and (scenario.is_emergency or "leak" not in act)
    ]
    acts += [*(OF_ACCESS if name in SCENARIOS_OF_ACCESS else ())]
    acts += [*(OF_FIRST_KEYS if name == "first key" else ())]
    is_unused = name == "unused, to be warned"
    acts += [*(OF_UNUSED if is_unused else ())]
    hands_over = name in SCENARIOS_OF_HAND_OVER
    if not acts and not hands_over:
        return []
    called = undisturbed_calls(name)
    calls = len(called)
    acts += [*(OF_OWNERS if hands_over else ())]
    points = [PersonPoint(name, act, at) for act in acts for at in range(calls + 1)]
    if name in SCENARIOS_OF_HOLDS:
        read_again = called.index("iam:ListUserTags")
        points += [PersonPoint(name, HOLDS, at) for at in range(read_again + 1)]
    if is_unused:  # a key that is made the day before the last run is still looked at by that
        points += [
            PersonPoint(name, act, 0, day) for act in OF_UNUSED for day in scenario.days[:-2]
        ]
    if hands_over:
        points += [PersonPoint(name, act, at) for act in OF_SETTINGS for at in (0, 1, calls)]
        points += [
            PersonPoint(name, act, 0, day)
            for act in (*OF_OWNERS, *OF_SETTINGS)
            for day in scenario.days[:-1]
        ]
    return points


def _points_of_a_setting(name: str) -> list[PersonPoint]:
    """The setting goes before the run has read it, right after, or between the days; the owner goes
    back to the old key before each change."""
    calls = undisturbed_calls(name)
    return [
        *(PersonPoint(name, TAKES_BACK, at) for at in (0, 2, len(calls))),
        *(PersonPoint(name, TAKES_BACK, 0, day) for day in BY_NAME[name].days[:-3]),
        *(
            PersonPoint(name, "goes back to the old key", at)
            for at in [*places(name, calls, MUTATING), len(calls)]
            if at == len(calls) or calls[at].startswith(MUTATING)
        ),
    ]
