"""Who can read the secrets that no rotation looks at: when a run looks, and what it then does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from key_rotation.domain.model import Grant, OwnedSecret, SecretState
from key_rotation.domain.user_options import UserOptions
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.ports import UnknownPrincipalError, UnprotectedSecretError
from key_rotation.run.payload import Emergency, Payload
from key_rotation.run.run import Rotation
from key_rotation.run.weekly import CHANGE_IS_RECENT
from tests.unit.builders import ALICE, NOW, OWN_KEY, SECRET_ARN, key, secret, settings, stamp, user
from tests.unit.fakes import FakeAccount

READER = "arn:aws:iam::999999999999:role/deploy"
FORMER = "arn:aws:iam::999999999999:role/former"
BOBS_ARN = FakeAccount.unmanaged_user("AIDABOB").arn
TUESDAY = NOW + timedelta(days=1)  # NOW is a Monday


def listed(name: str = "alice", user_id: str | None = ALICE.id, **changes: Any) -> OwnedSecret:
    facts = {"kms_key_id": OWN_KEY, **changes}
    arn = SECRET_ARN.replace("alice", name)
    return OwnedSecret(f"iam-access-key/{name}", arn, user_id, **facts)


def settled() -> FakeAccount:
    """One user with nothing due, on a day without housekeeping."""
    account = FakeAccount()
    account.add(user(key("A", 40), secret=secret("A", announced=stamp("A", 40))))
    account.clock.time = TUESDAY
    account.owned["iam-access-key/alice"] = listed()
    return account


def with_bob(account: FakeAccount) -> None:
    bobs = replace(
        secret("B", announced=stamp("B", 40)),
        name="iam-access-key/bob",
        arn=SECRET_ARN.replace("alice", "bob"),
        user_id="AIDABOB",
    )
    account.add(user(key("B", 40), secret=bobs), "bob")
    account.owned["iam-access-key/bob"] = listed("bob", "AIDABOB")


def without_a_policy(state: SecretState | None = None, **changes: Any) -> FakeAccount:
    """One user with nothing due; their secret has no policy."""
    account = FakeAccount()
    account.add(user(key("A", 40), secret=state or secret()))
    account.clock.time = TUESDAY
    account.owned["iam-access-key/alice"] = listed(**changes)
    account.without_policy.add("alice")
    return account


def run(
    account: FakeAccount,
    payload: Payload | None = None,
    changed_at: datetime | None = TUESDAY,
    **changes: Any,
) -> Report:
    world, request = account.world(), payload or Payload()
    return Rotation(world, settings(**changes), request, "this", 1, changed_at).run()


def rows(report: Report) -> list[tuple[str, str, str]]:
    return [(row.user, row.action, row.reason) for row in report.rows]


def digest(account: FakeAccount) -> str:
    return " ".join(" ".join(message.text for message in account.digests).split())


# -- when ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "changed_at", "looks"),
    [
        pytest.param(NOW, None, True, id="a Monday"),
        pytest.param(TUESDAY, None, False, id="another day"),
        pytest.param(TUESDAY, TUESDAY, True, id="a change today"),
        pytest.param(
            TUESDAY, TUESDAY - CHANGE_IS_RECENT + timedelta(hours=1), True, id="a recent change"
        ),
        pytest.param(TUESDAY, TUESDAY - CHANGE_IS_RECENT, False, id="an old change"),
    ],
)
def test_a_run_over_all_users_looks(time: datetime, changed_at: datetime, looks: bool) -> None:
    account = settled()
    account.clock.time = time

    run(account, changed_at=changed_at)

    assert ("access" in account.calls) is looks


@pytest.mark.parametrize(
    ("payload", "changes"),
    [
        pytest.param(Payload(dry_run=True), {}, id="a dry run"),
        pytest.param(Payload(), {"dry_run": True}, id="the setting dry_run"),
    ],
)
def test_a_dry_run_does_not_look(payload: Payload, changes: dict[str, Any]) -> None:
    account = settled()

    run(account, payload, **changes)

    assert "access" not in account.calls


def test_an_emergency_looks_at_its_own_secret_only() -> None:
    account = settled()
    with_bob(account)

    run(account, Payload(emergency=Emergency("alice", "A", "leaked")))

    assert account.calls.count("access") == 1  # before the store


# -- what ------------------------------------------------------------------------------------------


def test_readers_are_named_once_for_all_secrets() -> None:
    account = settled()
    with_bob(account)
    for name, id_ in (("alice", ALICE.id), ("bob", "AIDABOB")):
        account.grants[name] = Grant(id_, "arn", frozenset({FORMER}))

    report = run(account, secret_reader_arns=(READER,))

    assert rows(report) == [("(account)", "prepare", "readers_changed")]
    assert f"may read it now: {READER}; may not read it any more: {FORMER}" in digest(account)
    assert "(2 secrets: alice, bob)" in digest(account)
    assert account.grants == {}


def test_a_run_for_one_user_looks_at_theirs() -> None:
    account = settled()
    account.grants["alice"] = Grant(ALICE.id, "arn", frozenset({FORMER}))

    report = run(account, Payload(users=("alice",)), changed_at=None)

    assert rows(report) == [("(account)", "prepare", "readers_changed")]
    assert account.grants == {}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(replace(secret("A"), managed_by="somebody"), id="not ours"),
        pytest.param(replace(secret("A"), user_id="AIDAFORMER"), id="a predecessor's"),
        pytest.param(secret("A", pending_deletion=True), id="pending deletion"),
    ],
)
def test_a_run_for_one_user_leaves_a_secret_that_is_not_theirs(state: Any) -> None:
    account = FakeAccount()
    account.add(user(key("A", 40), secret=state))

    run(account, Payload(users=("alice",)))

    assert "secure" not in account.calls


def test_what_somebody_changed_is_put_back_and_said() -> None:
    account = settled()
    account.owned["iam-access-key/alice"] = listed(kms_key_id="other")
    account.secrets["alice"] = replace(account.secrets["alice"], kms_key_id="other")

    report = run(account)

    assert rows(report) == [("alice", "prepare", "secret_repaired")]
    assert "was encrypted with other, and is moved" in digest(account)


def test_a_secret_that_never_had_a_policy_gets_it_and_nobody_is_blamed() -> None:
    """As Terraform makes it, before the first run."""
    account = without_a_policy()

    report = run(account)

    assert rows(report) == [("alice", "prepare", "secret_protected")]
    assert account.without_policy == set()
    assert account.digests == []


@pytest.mark.parametrize(
    ("state", "changes", "said"),
    [
        pytest.param(
            secret(policy_for="on record"),
            {"policy_for": "on record"},
            "policy had been changed, and is put back",
            id="a policy was put, by the record",
        ),
        pytest.param(
            secret("A"),
            {"versions": secret("A").versions},
            "holds a value but had no policy, and has one now",
            id="there is a value, and none is stored before the policy",
        ),
    ],
)
def test_a_policy_that_somebody_removed_is_put_back_and_said(
    state: SecretState, changes: dict[str, Any], said: str
) -> None:
    account = without_a_policy(state, **changes)

    report = run(account)

    assert rows(report) == [("alice", "prepare", "secret_repaired")]
    assert account.without_policy == set()
    assert said in digest(account)


def test_a_secret_without_a_policy_that_lies_elsewhere_is_both() -> None:
    account = without_a_policy(replace(secret(), kms_key_id="other"), kms_key_id="other")

    report = run(account)

    assert rows(report) == [
        ("alice", "prepare", "secret_protected"),
        ("alice", "prepare", "secret_repaired"),
    ]
    assert "was encrypted with other, and is moved" in digest(account)
    assert "policy" not in digest(account).partition("Repaired")[2]


def shut(held: str, listed_key: str = "GONE") -> FakeAccount:
    """The secret of one who is gone, by its policy; somebody took its tag. It holds a key, and the
    list shows this one."""
    account = settled()
    account.secrets["alice"] = secret(held, user_id=None)
    in_list = secret(listed_key, user_id=None).versions
    account.owned["iam-access-key/alice"] = listed(user_id=None, versions=in_list)
    account.grants["alice"] = Grant(None, None, frozenset())
    return account


def test_what_a_predecessor_left_is_gone_before_the_policy_lets_the_user_read() -> None:
    account = shut("GONE")

    report = run(account)

    assert account.secrets["alice"].values_for(ALICE.id) == set()
    assert account.calls.index("empty") < account.calls.index("secure")
    assert account.grants == {}
    assert ("alice", "prepare", "secret_repaired") in rows(report)
    assert "that somebody left who had the user's name before" in digest(account)


def test_a_key_of_the_users_that_the_list_does_not_show_yet_stays() -> None:
    account = shut("A")

    run(account)

    assert account.secrets["alice"].holds(key("A", 40))
    assert account.grants == {}


def test_keys_that_cannot_be_listed_are_no_reason_to_empty_a_secret() -> None:
    account = shut("GONE")
    account.before("describe", lambda: account.fail("keys", RuntimeError("denied")))

    with pytest.raises(RotationFailedError, match="denied"):
        run(account)

    assert account.secrets["alice"].holds(key("GONE"))
    assert account.grants != {}


def test_a_policy_for_another_and_no_tag_block() -> None:
    account = shut("GONE")
    account.grants["alice"] = Grant("AIDAFORMER", None, frozenset())

    assert rows(run(account)) == [("alice", "block", "secret_not_protected")]
    assert "no tag says whose it is" in digest(account)


def test_an_owner_in_a_grace_who_could_not_read_is_notified_again() -> None:
    account = FakeAccount()
    pair = secret("B", "A", announced=stamp("B", 5), policy_for="on record")
    account.add(user(key("A", 95), key("B", 5), secret=pair, password=False))
    account.owned["iam-access-key/alice"] = listed(policy_for="on record")
    account.foreign_policies.add("alice")

    run(account)  # a Monday

    assert account.secrets["alice"].announced is None
    assert "policy had been changed, and is put back" in digest(account)
    assert [(row.action, row.reason) for row in run(account).rows] == [
        ("announce", "not_announced")
    ]


def test_a_secret_that_cannot_be_protected_is_reported_and_the_others_are_served() -> None:
    account = settled()
    with_bob(account)
    account.foreign_policies |= {"alice", "bob"}
    account.fail("secure", UnprotectedSecretError("denied"))

    report = run(account)

    assert rows(report)[0] == ("alice", "block", "secret_not_protected")
    assert account.foreign_policies == {"alice"}
    assert "denied" in digest(account)


def refused(readers: frozenset[str]) -> UnknownPrincipalError:
    return UnknownPrincipalError("AWS refused the policy", readers)


def test_a_policy_that_aws_refuses_is_a_failure_and_in_the_digest() -> None:
    account = settled()
    with_bob(account)
    account.foreign_policies |= {"alice", "bob"}
    account.fail("secure", refused(frozenset({READER})))

    with pytest.raises(RotationFailedError, match="AWS refused the policy") as failed:
        run(account)

    [row] = failed.value.report.failed
    assert (row.user, row.reason) == ("alice", "housekeeping_failed")
    assert account.foreign_policies == {"alice"}
    [message] = account.digests
    assert [
        (line["event"], line["user"], line["reason"], line["secret_arn"])
        for line in message.data["lines"]
        if line["event"] == "blocked"
    ] == [("blocked", "alice", "secret_not_protected", SECRET_ARN)]
    assert "cannot be put right: AWS refused the policy" in digest(account)


@pytest.mark.parametrize(
    ("readers", "number"),
    [
        pytest.param(frozenset({READER, FORMER}), 1, id="the same readers"),
        pytest.param(frozenset(), 6, id="no readers: each time the owner"),
    ],
)
def test_many_refused_policies_with_the_same_readers_are_one_line(
    readers: frozenset[str], number: int
) -> None:
    account = settled()
    account.owned = {
        f"iam-access-key/{name}": listed(name, f"AIDA{name.upper()}") for name in "abcdef"
    }
    account.foreign_policies |= set("abcdef")
    for name in "abcdef":
        arn = SECRET_ARN.replace("alice", name)
        state = replace(secret(name.upper()), name=f"iam-access-key/{name}", arn=arn)
        account.add(user(key(name.upper(), 40), secret=replace(state, user_id=None)), name)
    account.fail("secure", *[refused(readers)] * 6)

    with pytest.raises(RotationFailedError) as failed:
        run(account)

    assert len(failed.value.report.failed) == 6
    lines = [line for m in account.digests for line in m.data["lines"]]
    assert [line["event"] for line in lines] == ["blocked"] * number
    assert len({line["user"] for line in lines}) == number
    if readers:
        assert "(account): " in digest(account)
        assert "AWS refused the policies of 6 secrets" in digest(account)
        assert f"{READER}, {FORMER}" in digest(account)


def test_a_failure_is_one_of_the_house_and_of_no_user() -> None:
    account = settled()
    account.fail("access", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="down"):
        run(account)


def test_a_list_that_fails_is_one_too() -> None:
    account = settled()
    account.fail("all", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="down"):
        run(account)


def test_secrets_for_which_there_is_no_time_are_counted() -> None:
    account = settled()
    account.clock.left = timedelta(seconds=44)

    report = run(account)

    assert ("(account)", "defer", "out_of_time") in rows(report)
    assert "access" not in account.calls


def test_a_secret_pending_deletion_is_left() -> None:
    account = settled()
    account.owned["iam-access-key/alice"] = listed(pending_deletion=True)

    run(account)

    assert "access" not in account.calls


# -- secrets of nobody who is managed --------------------------------------------------------------


def of_bob(grant: Grant | None, **changes: Any) -> FakeAccount:
    """Bob is not managed; his secret is."""
    account = settled()
    account.owned = {"iam-access-key/bob": listed("bob", "AIDABOB", **changes)}
    account.secrets["bob"] = replace(
        secret(), name="iam-access-key/bob", kms_key_id=changes.get("kms_key_id", OWN_KEY)
    )
    if grant is None:
        account.foreign_policies.add("bob")
    else:
        account.grants["bob"] = grant
    account.unmanaged_ids = frozenset({"AIDABOB"})
    return account


def test_readers_change_there_too_and_the_owner_stays() -> None:
    account = of_bob(Grant("AIDABOB", BOBS_ARN, frozenset({FORMER})))

    assert rows(run(account)) == [("(account)", "prepare", "readers_changed")]
    assert account.closed == []


def test_nothing_is_done_where_nothing_changed() -> None:
    account = of_bob(Grant("AIDABOB", BOBS_ARN, frozenset()))

    assert rows(run(account)) == []
    assert "secure" not in account.calls


def test_a_policy_of_two_owners_does_not_let_the_reader_of_one_read_for_the_other() -> None:
    """Its Allow names alice, whose reader reads, and its Deny spares bob by the unique id."""
    account = of_bob(Grant("AIDABOB", ALICE.arn, frozenset({READER})))

    report = run(account, user_options={"alice": UserOptions((READER,))})

    assert rows(report) == [
        ("bob", "prepare", "secret_repaired"),
        ("(account)", "prepare", "readers_changed"),
    ]
    assert f"may not read it any more: {READER}" in digest(account)
    assert account.grants == {}


def test_a_policy_of_two_owners_is_put_back_whoever_its_readers_are() -> None:
    account = of_bob(Grant("AIDABOB", ALICE.arn, frozenset()))

    assert rows(run(account)) == [("bob", "prepare", "secret_repaired")]
    assert "named another user than its owner, and is put back" in digest(account)
    assert (account.grants, account.closed) == ({}, [])


@pytest.mark.parametrize("tag", [ALICE.id, None])
def test_own_readers_are_of_an_owner_whom_policy_and_tag_name(tag: str | None) -> None:
    """Somebody made bob the owner of the secret of another, for bob's reader."""
    account = of_bob(Grant("AIDABOB", BOBS_ARN, frozenset({READER})))
    account.owned = {"iam-access-key/bob": listed("bob", tag)}

    report = run(account, user_options={"bob": UserOptions((READER,))})

    assert rows(report) == [
        ("bob", "report", "named_in_vain"),
        ("(account)", "prepare", "readers_changed"),
    ]
    assert f"may not read it any more: {READER}" in digest(account)
    assert (account.grants, account.closed) == ({}, [])
    assert account.secrets["bob"].policy_for is None


def test_an_owner_who_is_not_managed_keeps_their_own_readers() -> None:
    account = of_bob(Grant("AIDABOB", BOBS_ARN, frozenset({READER})))

    run(account, user_options={"bob": UserOptions((READER,))})

    assert "access" in account.calls
    assert "secure" not in account.calls


@pytest.mark.parametrize(
    "grant",
    [
        pytest.param(Grant("AIDAGONE", "AIDAGONE", frozenset()), id="another's"),
        pytest.param(Grant("AIDABOB", None, frozenset()), id="a bare unique id"),
    ],
)
def test_an_owner_who_is_gone_is_taken_out(grant: Grant) -> None:
    account = of_bob(grant)

    run(account)

    assert account.closed == ["bob"]


def test_a_policy_of_somebody_is_reported() -> None:
    account = of_bob(None)

    assert rows(run(account)) == [("bob", "report", "unknown_policy")]
    assert "secure" not in account.calls
    assert "look who may read it" in digest(account)


def test_a_secret_on_another_key_moves_whoever_wrote_its_policy() -> None:
    account = of_bob(None, kms_key_id="other")

    run(account)

    assert account.secrets["bob"].kms_key_id == OWN_KEY
    assert account.closed == ["bob"]  # in the fake: without an owner


def test_a_tag_that_names_another_user_does_not_let_them_read() -> None:
    """The secret is called alice's, and its tag says that it is somebody else's."""
    account = settled()
    account.owned["iam-access-key/alice"] = listed(user_id="AIDAOTHER")
    account.grants["alice"] = Grant(ALICE.id, ALICE.arn, frozenset({FORMER}))

    run(account)

    assert account.grants == {}
    assert account.closed == []
