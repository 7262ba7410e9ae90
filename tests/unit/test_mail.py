"""The mails as their readers get them, and what hostile or overlong values can do to them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from key_rotation.domain.action import Reason
from key_rotation.domain.model import Event, UserRef
from key_rotation.notify.digest import ROWS_PER_DIGEST, DigestLine, digest
from key_rotation.notify.fetching import SIGN_IN_PROFILE
from key_rotation.notify.mail import InSecret, Writer
from key_rotation.notify.message import Message
from key_rotation.notify.reasons import blocked_because
from key_rotation.notify.text import link_in, unlinked

ACCOUNT = "123456789012"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:iam-access-key/alice-a1B2c3"
DAY = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
OLD, NEW = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"
SNS_LIMIT = 256 * 1024
COLUMNS = 76

HELD = (Reason.STILL_IN_USE, Reason.HOLD_UNTIL)
BLOCKED = (
    Reason.TWO_ACTIVE_KEYS_DUE,
    Reason.SLOT_TAKEN,
    Reason.SLOT_TAKEN_BY_EXPIRED_KEY,
    Reason.NO_CONFIRMED_SUBSCRIPTION,
    Reason.UNMANAGED_SECRET,
)
DISABLED = (Reason.SUPERSEDED, Reason.OVERLAP_CEILING, Reason.IDLE, Reason.EMERGENCY)
DELETED = (Reason.SUPERSEDED, Reason.SLOT_TAKEN)


def user(name: str = "alice", partition: str = "aws") -> UserRef:
    return UserRef(name, "AIDAALICE", f"arn:{partition}:iam::{ACCOUNT}:user/team/{name}")


def writer(name: str = "alice", secret_arn: str | None = SECRET) -> Writer:
    return Writer(user(name), secret_arn)


def commands(message: Message) -> list[list[str]]:
    """The command lines of a mail, as the shell would split them."""
    lines = message.text.splitlines()
    return [shlex.split(line) for line in lines if line.startswith("    ")]


def prose(message: Message) -> str:
    """The mail without its line breaks."""
    return " ".join(message.text.split())


def fetch(secret_arn: str = SECRET, region: str = "eu-west-1") -> list[str]:
    return [
        *["aws", "secretsmanager", "get-secret-value", "--region", region],
        *["--secret-id", secret_arn, "--query", "SecretString", "--output", "text"],
    ]


def pull(secret_arn: str = SECRET) -> list[str]:
    return ["key-fetch", "pull", "--secret-id", secret_arn, "--profile", "default"]


type Write = Callable[[Writer, str, str], Message]

# Each mail, given a writer, the id of the key it is about, and a free text.
MAILS: dict[str, tuple[Event, Write]] = {
    "warned, placeholder": (Event.WARNED, lambda w, k, t: w.warned(k, DAY, InSecret.PLACEHOLDER)),
    "warned, present key": (Event.WARNED, lambda w, k, t: w.warned(k, DAY, InSecret.PRESENT_KEY)),
    "rotated, with a grace": (Event.ROTATED, lambda w, k, t: w.rotated(k, OLD, DAY)),
    "rotated, left on while used": (
        Event.ROTATED,
        lambda w, k, t: w.rotated(k, OLD, DAY, while_used=True),
    ),
    "rotated, old key off": (Event.ROTATED, lambda w, k, t: w.rotated(k, OLD, None)),
    "rotated, no old key": (Event.ROTATED, lambda w, k, t: w.rotated(k, None, None)),
    "first key": (Event.ROTATED, lambda w, k, t: w.first(k)),
    "rotated, emergency": (Event.ROTATED, lambda w, k, t: w.rotated(k, OLD, None, t)),
    "rotated, requested": (
        Event.ROTATED,
        lambda w, k, t: w.rotated(k, OLD, DAY, t, requested=True),
    ),
    "blocked, requested": (Event.BLOCKED, lambda w, k, t: w.blocked(k, Reason.SLOT_TAKEN, t)),
    "disabled, with a note": (
        Event.DISABLED,
        lambda w, k, t: w.disabled(k, Reason.EMERGENCY, t),
    ),
}


def _tables() -> None:
    """One mail for each reason that its event may have."""

    def of(method: str, event: Event, reason: Reason, *rest: object) -> None:
        def write(w: Writer, key_id: str, _: str) -> Message:
            message = getattr(w, method)(key_id, reason, *rest)
            assert isinstance(message, Message)
            return message

        MAILS[f"{method}, {reason}"] = (event, write)

    for reason in DISABLED:
        of("disabled", Event.DISABLED, reason)
    for reason in DELETED:
        of("deleted", Event.DELETED, reason)
    for reason in HELD:
        of("held", Event.HELD, reason, DAY)
    for reason in BLOCKED:
        of("blocked", Event.BLOCKED, reason)


_tables()
EVERY_MAIL = [pytest.param(event, write, id=name) for name, (event, write) in MAILS.items()]


# -- what every mail has -------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_every_mail_names_key_user_and_account(event: Event, write: Write) -> None:
    message = write(writer(), NEW, "leaked")

    for what in (NEW, "the IAM user alice", f"the AWS account {ACCOUNT}"):
        assert what in prose(message)
    assert "alice" in message.subject
    assert ACCOUNT in message.subject


@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_every_mail_tells_programs_the_same(event: Event, write: Write) -> None:
    data = write(writer(), NEW, "leaked").data

    assert data["version"] == 1
    assert data["event"] == event.value
    assert data["user"] == "alice"
    assert data["account_id"] == ACCOUNT
    assert data["access_key_id"] == NEW
    assert data["secret_arn"] == SECRET


@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_prose_fits_the_width_of_a_mail(event: Event, write: Write) -> None:
    for line in write(writer("a" * 30), NEW, "leaked on a public page " * 10).text.splitlines():
        is_whole = line.startswith(("    ", "https://"))
        assert is_whole or len(line) <= COLUMNS, line


@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_mail_has_no_gaps_and_ends_in_a_newline(event: Event, write: Write) -> None:
    for secret_arn in (SECRET, None):
        if secret_arn is None and event is Event.ROTATED:
            continue
        text = write(writer(secret_arn=secret_arn), NEW, "leaked").text
        assert "\n\n\n" not in text
        assert text == f"{text.strip()}\n"


# -- by when -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "sentence", "field"),
    [
        pytest.param(
            writer().warned(OLD, DAY, InSecret.PLACEHOLDER),
            "will be replaced on 2026-03-01",
            "rotation_due",
            id="warned: the day of the rotation",
        ),
        pytest.param(
            writer().rotated(NEW, OLD, DAY),
            "Please move to the new key before 2026-03-01 07:30 UTC",
            "superseded_key_until",
            id="rotated with a grace: the end of the grace",
        ),
        pytest.param(
            writer().held(OLD, Reason.STILL_IN_USE, DAY),
            "disabled on 2026-03-01 07:30 UTC at the latest",
            "superseded_key_until",
            id="held: the end of the hold",
        ),
    ],
)
def test_mail_tells_by_when(message: Message, sentence: str, field: str) -> None:
    assert sentence in prose(message)
    assert message.data[field] == "2026-03-01T07:30:00Z"


def test_warning_and_hold_tell_the_day_in_the_subject() -> None:
    for message in (
        writer().warned(OLD, DAY, InSecret.PLACEHOLDER),
        writer().held(OLD, Reason.HOLD_UNTIL, DAY),
    ):
        assert "2026-03-01" in message.subject


def test_grace_lets_the_old_key_fetch_the_new_one() -> None:
    assert "fetch the new key with it" in prose(writer().rotated(NEW, OLD, DAY))
    assert f"Old key: {OLD}, works until 2026-03-01 07:30 UTC" in prose(
        writer().rotated(NEW, OLD, DAY)
    )


def test_without_a_grace_the_mail_says_that_the_old_key_is_off_and_names_other_ways() -> None:
    message = writer().rotated(NEW, OLD, None)

    assert f"Old key: {OLD}, disabled now" in prose(message)
    assert "in the console" in prose(message)
    assert "fetch the new key with it" not in prose(message)
    assert message.data["superseded_key_until"] is None


def test_first_key_mentions_no_old_one() -> None:
    message = writer().rotated(NEW, None, None)

    assert "Old key:" not in message.text
    assert message.data["superseded_access_key_id"] is None


# -- what to do ----------------------------------------------------------------------------------


def test_rotated_gives_the_commands_to_fetch_use_and_check_the_key() -> None:
    process = " ".join([*fetch(), "--profile", SIGN_IN_PROFILE])

    assert commands(writer().rotated(NEW, OLD, DAY)) == [
        pull(),
        fetch(),
        ["aws", "configure", "--profile", "default"],
        [
            *["aws", "configure", "set", "credential_process", process],
            *["--profile", "rotated"],
        ],
        ["aws", "configure", "set", "region", "eu-west-1", "--profile", "rotated"],
        ["aws", "sts", "get-caller-identity", "--profile", "default"],
        ["aws", "sts", "get-caller-identity", "--profile", "rotated"],
    ]


def test_signing_in_never_defaults_to_the_profile_that_holds_the_key() -> None:
    """Pasted as it stands the command must fail: "default" may be the key that is disabled next."""
    mail = writer().rotated(NEW, OLD, DAY)

    assert '--profile default"' not in mail.text
    assert f"Replace {SIGN_IN_PROFILE} with the profile that you sign in with" in prose(mail)


@pytest.mark.parametrize("until", [DAY, None])
def test_key_fetch_leads_where_a_key_of_the_owners_signs_it(until: datetime | None) -> None:
    for message in (
        writer().rotated(NEW, OLD, until),
        writer().rotated(NEW, OLD, until, "Leaked."),
    ):
        has_it = pull() in commands(message)
        assert has_it is (until is not None)
        assert message.next_steps[0].startswith("With key-fetch: `key-fetch pull") is has_it
        if has_it:
            assert commands(message)[0] == pull()
            assert message.text.index("key-fetch") < message.text.index("1. Fetch it")


def test_a_reminder_offers_key_fetch_too() -> None:
    message = writer().reminded(NEW, OLD, Reason.NOT_FETCHED, DAY)

    assert commands(message)[0] == pull()


def test_key_fetch_is_offered_to_nobody_who_has_no_other_key() -> None:
    for message in (
        writer().rotated(NEW, None, None),
        writer().first(NEW),
        writer().disabled(OLD, Reason.SUPERSEDED),
    ):
        assert "key-fetch" not in message.text
        assert "key-fetch" not in "".join(message.next_steps)


def test_who_has_a_password_for_smtp_is_told_where_it_is() -> None:
    has_it = Writer(user(), SECRET, smtp_regions=("eu-west-1", "us-east-1"))
    where = 'under "Smtp", for the region that you send from: eu-west-1 and us-east-1'

    for message in (has_it.rotated(NEW, OLD, DAY), has_it.first(NEW)):
        assert where in prose(message)
    assert "Smtp" not in writer().rotated(NEW, OLD, DAY).text


def test_the_first_key_is_welcomed_and_replaces_none() -> None:
    message = writer().first(NEW)

    assert "It is the first one" in prose(message)
    for word in (" old ", "Old key", "replaced at once", "was replaced"):
        assert word not in message.text + message.subject
    assert message.data["reason"] == "first_key"
    assert commands(message)[0] == fetch()
    assert message.next_steps[0].startswith(IF_PASSWORD)


WITH_KEY = "On the command line, with credentials of alice"
SIGNED_IN = "In the console, signed in as alice"
IF_PASSWORD = "If alice has a console password, sign in to the console"


@pytest.mark.parametrize(
    ("has_password", "has_readers", "until", "first", "ways"),
    [
        pytest.param(True, False, DAY, WITH_KEY, 2, id="in grace"),
        pytest.param(None, False, DAY, WITH_KEY, 2, id="not read"),
        pytest.param(True, False, None, SIGNED_IN, 2, id="no key"),
        pytest.param(True, True, None, SIGNED_IN, 2, id="no key, readers"),
        pytest.param(None, False, None, IF_PASSWORD, 2, id="no key, not read"),
        pytest.param(None, True, None, IF_PASSWORD, 2, id="no key, not read, readers"),
        pytest.param(False, False, DAY, WITH_KEY, 1, id="service"),
        pytest.param(
            *(False, True, None, "On the command line, with a role that may read", 1),
            id="service, no key, readers",
        ),
        pytest.param(
            *(False, False, None, "Ask your platform team", 1), id="service, no key, no readers"
        ),
    ],
)
def test_what_the_reader_can_do_leads(
    has_password: bool | None, has_readers: bool, until: datetime | None, first: str, ways: int
) -> None:
    message = Writer(user(), SECRET, has_password, has_readers).rotated(NEW, OLD, until)

    assert message.text.partition("1. Fetch it\n\n")[2].startswith(first)
    assert ("console" in message.text) is (has_password is not False or until is None)
    assert ("https://" in message.text) is (has_password is not False)
    by_hand = [step for step in message.next_steps if "key-fetch" not in step]
    assert len(by_hand) == ways
    assert by_hand[0].startswith(first)


@pytest.mark.parametrize("has_password", [True, False, None])
@pytest.mark.parametrize("has_readers", [True, False])
def test_a_role_is_named_only_where_one_may_read_the_secret(
    has_password: bool | None, has_readers: bool
) -> None:
    owner = Writer(user(), SECRET, has_password, has_readers)

    for message in (owner.rotated(NEW, OLD, None), owner.disabled(OLD, Reason.SUPERSEDED)):
        assert ("role" in message.text) is has_readers


def test_a_service_without_a_key_is_sent_to_its_platform_team() -> None:
    message = Writer(user(), SECRET, has_password=False).rotated(NEW, OLD, None)

    assert "alice has no console password. Ask your platform team for the new key" in prose(message)
    assert "credentials of alice" not in message.text
    assert not any("get-secret-value" in argv for argv in commands(message))


def test_nobody_sets_up_credential_process_who_can_sign_in_with_the_key_alone() -> None:
    """It would depend on the key that the next rotation disables."""
    service = Writer(user(), SECRET, has_password=False).rotated(NEW, OLD, DAY)

    assert commands(service) == [
        pull(),
        fetch(),
        ["aws", "configure", "--profile", "default"],
        ["aws", "sts", "get-caller-identity", "--profile", "default"],
    ]
    with_readers = Writer(user(), SECRET, has_password=False, has_readers=True)
    assert "credential_process" in with_readers.rotated(NEW, OLD, DAY).text


@pytest.mark.parametrize("reason", DISABLED)
@pytest.mark.parametrize(
    ("has_password", "first"),
    [(True, SIGNED_IN), (None, IF_PASSWORD), (False, "Ask your platform team")],
)
def test_who_lost_the_key_that_fetches_is_not_sent_to_a_command_first(
    reason: Reason, has_password: bool | None, first: str
) -> None:
    """The key that works is the one in the secret: no other can fetch it."""
    message = Writer(user(), SECRET, has_password).disabled(OLD, reason)

    assert message.text.partition("is in the secret.\n\n")[2].startswith(first)
    assert "credentials of alice" not in message.text


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(writer().warned(OLD, DAY, InSecret.PLACEHOLDER), id="warned"),
        pytest.param(writer().held(OLD, Reason.STILL_IN_USE, DAY), id="held"),
        pytest.param(writer().disabled(OLD, Reason.SUPERSEDED), id="disabled"),
    ],
)
def test_other_mails_give_the_command_to_fetch(message: Message) -> None:
    assert commands(message) == [fetch()]


@pytest.mark.parametrize(
    ("in_secret", "held"),
    [
        pytest.param(InSecret.PLACEHOLDER, "a placeholder in place of the key", id="placeholder"),
        pytest.param(InSecret.EARLIER_KEY, "an earlier key of yours", id="earlier key"),
        pytest.param(InSecret.PRESENT_KEY, "your present key", id="present key"),
    ],
)
def test_warning_tells_what_a_test_fetch_shows(in_secret: InSecret, held: str) -> None:
    assert f"Today it holds {held}." in prose(writer().warned(OLD, DAY, in_secret))


def test_no_day_is_promised_to_a_key_that_is_left_on_while_it_is_used() -> None:
    text = prose(writer().rotated(NEW, OLD, DAY, while_used=True))

    assert f"Old key: {OLD}, works while it is used" in text
    assert "move to the new key soon, and before 2026-03-01 07:30 UTC" in text
    assert "is disabled when that ends" in text
    assert "Until then the old key works" not in text


@pytest.mark.parametrize("reason", [reason for reason in DISABLED if reason.name != "EMERGENCY"])
def test_missed_key_can_be_enabled_again(reason: Reason) -> None:
    assert "can be enabled again" in prose(writer().disabled(OLD, reason))


def test_leaked_key_is_not_to_be_enabled_again() -> None:
    text = prose(writer().disabled(OLD, Reason.EMERGENCY, "on a public page"))

    assert "enabled again" not in text
    assert "Do not use it any more" in text
    assert "it was reported as leaked. on a public page." in text


@pytest.mark.parametrize(
    ("reason", "promise"),
    [
        pytest.param(Reason.SUPERSEDED, "The new key is in the secret.", id="superseded"),
        pytest.param(Reason.OVERLAP_CEILING, "The new key is in the secret.", id="ceiling"),
        pytest.param(Reason.IDLE, "The other key is in the secret.", id="idle"),
        pytest.param(Reason.EMERGENCY, "The other key is in the secret.", id="emergency"),
    ],
)
def test_another_key_is_promised_only_where_there_is_one(reason: Reason, promise: str) -> None:
    assert promise in prose(writer().disabled(OLD, reason))

    without = writer().disabled(OLD, reason, in_secret=False)
    assert "secret" not in without.text
    assert commands(without) == []


def test_without_a_secret_nothing_is_said_of_fetching() -> None:
    message = writer(secret_arn=None).disabled(OLD, Reason.IDLE)

    assert commands(message) == []
    assert "secret" not in message.text
    assert message.data["secret_arn"] is None


def test_emergency_gives_the_operators_reason() -> None:
    message = writer().rotated(NEW, OLD, None, "Reason: found\non a public page")

    assert "Reason: found on a public page" in message.text
    assert message.data["reason"] == "Reason: found\non a public page"


def test_a_request_gives_the_reason_and_says_nothing_of_at_once() -> None:
    message = writer().rotated(NEW, OLD, DAY, "Reason: the supplier\nchanges", requested=True)

    text = prose(message)
    assert "Somebody asked for this rotation. Reason: the supplier changes" in text
    assert "at once" not in text


def test_a_blocked_request_is_not_taken_up_by_a_later_run() -> None:
    text = prose(writer().blocked(OLD, Reason.SLOT_TAKEN, "Reason: the supplier\nchanges"))

    assert "Somebody asked for this rotation. Reason: the supplier changes" in text
    assert "Whoever asked can ask again after that." in text
    assert "The next run" not in text


@pytest.mark.parametrize("reason", BLOCKED)
def test_blocked_says_why_and_what_to_do(reason: Reason) -> None:
    text = prose(writer().blocked(OLD, reason))

    assert f"cannot be: {blocked_because(reason)}." in text
    assert re.search(r"What to do: [a-z][^.]{15,}\.", text)


def test_a_changed_secret_is_no_talk_of_a_replacement() -> None:
    message = writer().blocked(OLD, Reason.SECRET_CHANGED)

    text = prose(message)
    assert "needs a look: somebody changed the secret by hand" in text
    assert "replaced" not in text + message.subject
    assert "What to do: put the key back" in text


def test_blocked_by_two_active_keys_says_that_disabling_alone_makes_no_room() -> None:
    assert "delete it" in prose(writer().blocked(OLD, Reason.TWO_ACTIVE_KEYS_DUE))


# -- console links -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        pytest.param("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com", id="commercial"),
        pytest.param(
            "aws-us-gov",
            "us-gov-west-1",
            "us-gov-west-1.console.amazonaws-us-gov.com",
            id="GovCloud",
        ),
        pytest.param("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn", id="China"),
        pytest.param(
            "aws-eusc",
            "eusc-de-east-1",
            "eusc-de-east-1.console.amazonaws-eusc.eu",
            id="European Sovereign Cloud",
        ),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("iam-access-key/alice", id="plain"),
        pytest.param("iam-access-key/a+2Cb=c@d.e_f", id="everything a secret's name may hold"),
        pytest.param("keys/alice-abcdef", id="ends like the suffix of an ARN"),
    ],
)
def test_console_link_opens_the_secret(partition: str, region: str, host: str, name: str) -> None:
    secret_arn = f"arn:{partition}:secretsmanager:{region}:{ACCOUNT}:secret:{name}-a1B2c3"
    message = Writer(user(partition=partition), secret_arn).rotated(NEW, OLD, DAY)
    [link] = [line for line in message.text.splitlines() if line.startswith("https://")]
    parts = urlsplit(link)

    assert (parts.netloc, parts.path) == (host, "/secretsmanager/secret")
    assert parse_qs(parts.query) == {"name": [name], "region": [region]}
    assert fetch(secret_arn, region) in commands(message)


@pytest.mark.parametrize("partition", ["aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-new"])
def test_no_link_where_the_host_of_the_console_is_not_known(partition: str) -> None:
    secret_arn = f"arn:{partition}:secretsmanager:us-iso-east-1:{ACCOUNT}:secret:k/al+2Cice-a1B2c3"
    message = Writer(user(partition=partition), secret_arn).rotated(NEW, OLD, DAY)
    said = prose(message)

    assert "https://" not in message.text + json.dumps(message.next_steps)
    assert "Retrieve secret value" in said
    assert 'open the secret "k/al+2Cice" in Secrets Manager, region us-iso-east-1' in said
    assert "us-iso-east-1" in json.dumps(message.next_steps)


# -- hostile and overlong values -----------------------------------------------------------------

HOSTILE = [
    pytest.param("two\r\nlines\n\n    rm -rf ~", id="line breaks and a false command"),
    pytest.param("bell \x07 null \x00 escape \x1b[31m delete \x7f next \x85", id="control"),
    pytest.param("separators \u2028 and \u2029", id="Unicode line separators"),
    pytest.param("left \u202e right \u200b none \ufeff", id="invisible and reversing"),
    pytest.param("<script>alert('x')</script> &amp; <a href=\"x\">", id="markup"),
    pytest.param('", "event": "rotated"} \\', id="JSON"),
    pytest.param("$(reboot) `reboot` ; reboot # ' \"", id="shell"),
    pytest.param("ключ 鍵 🔑", id="not ASCII"),
    pytest.param("lone surrogate \ud800", id="lone surrogate"),
    pytest.param("x" * 128, id="128 characters"),
    pytest.param("{}{0}%s%(x)s", id="format strings"),
]


def assert_is_harmless(message: Message) -> None:
    assert len(message.subject) < 100
    assert re.fullmatch(r"[\x21-\x7e][\x20-\x7e]*", message.subject)
    body = json.loads(message.body())
    assert set(body) == {"default", "email", "https", "lambda"}
    assert json.loads(body["default"]) == message.data
    assert body["email"] == message.text
    assert message.body().isascii()
    assert message.text.replace("\n", "").isprintable()


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_hostile_free_text_is_one_harmless_line(event: Event, write: Write, hostile: str) -> None:
    message = write(writer(), NEW, hostile)

    assert_is_harmless(message)
    assert commands(message) == commands(write(writer(), NEW, "leaked"))


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_hostile_names_are_harmless(event: Event, write: Write, hostile: str) -> None:
    message = write(writer(hostile), hostile, hostile)

    assert_is_harmless(message)
    assert commands(message) == commands(write(writer(), NEW, "leaked"))


@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_longest_name_is_cut_in_the_subject_and_what_happens_is_not(
    event: Event, write: Write
) -> None:
    message = write(writer("n" * 64), NEW, "leaked")
    short = write(writer("n"), NEW, "leaked")

    assert_is_harmless(message)
    assert message.subject.endswith(short.subject.removeprefix("Access key of n"))
    assert "n" * 64 in message.text


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a b", id="space"),
        pytest.param("a'b", id="single quote"),
        pytest.param('a"b', id="double quote"),
        pytest.param("a;reboot", id="semicolon"),
        pytest.param("$(reboot)", id="substitution"),
        pytest.param("`reboot`", id="backticks"),
        pytest.param("a\\b!", id="backslash and history"),
    ],
)
def test_pasted_commands_are_what_they_seem_for_any_secret(name: str) -> None:
    secret_arn = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{name}-a1B2c3"
    argvs = commands(writer(secret_arn=secret_arn).rotated(NEW, OLD, DAY))

    assert argvs[:2] == [pull(secret_arn), fetch(secret_arn)]
    # The AWS CLI splits the value of credential_process once more.
    [process] = [argv[4] for argv in argvs if argv[:4][-1] == "credential_process"]
    assert shlex.split(process) == [*fetch(secret_arn), "--profile", SIGN_IN_PROFILE]


@pytest.mark.parametrize("name", ["alice", "$(echo x)", "`echo x`", "$HOME", 'a"b', "a'b", "a;b"])
def test_a_real_shell_reads_the_commands_alike(name: str) -> None:
    secret_arn = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{name}-a1B2c3"
    message = writer(secret_arn=secret_arn).rotated(NEW, OLD, DAY)
    lines = [line for line in message.text.splitlines() if line.startswith("    ")]
    script = "".join(f"printf '%s\\n' {line}\n" for line in lines)
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)

    assert shell.stdout.splitlines() == [word for argv in commands(message) for word in argv]
    assert shell.stderr == ""


def test_commands_work_in_shells_that_know_double_quotes_only() -> None:
    for line in writer().rotated(NEW, OLD, DAY).text.splitlines():
        if line.startswith("    "):
            assert not re.search(r"['$`\\]", line), line


@hypothesis_settings(deadline=None)
@given(name=st.text(min_size=1, max_size=128), text=st.text(max_size=500))
def test_any_text_is_harmless(name: str, text: str) -> None:
    assert_is_harmless(writer(name).rotated(name, OLD, None, text))
    assert_is_harmless(writer(name).disabled(name, Reason.EMERGENCY, text))
    for message in digest(ACCOUNT, "2026-03-01 07:30 UTC", [DigestLine(Event.FAILED, name, text)]):
        assert_is_harmless(message)


# -- the digest ----------------------------------------------------------------------------------

RUN = "2026-03-01 07:30 UTC"


def line(event: Event = Event.FAILED, text: str = "alice: x", name: str = "alice") -> DigestLine:
    return DigestLine(event, name, text, OLD, "error", SECRET)


def test_no_lines_make_no_digest() -> None:
    assert list(digest(ACCOUNT, RUN, [])) == []


def test_digest_counts_and_lists_what_waits_for_a_person_first() -> None:
    lines = [
        line(Event.WARNED, "bob: will be replaced"),
        line(Event.ROTATED, "carol: new key"),
        line(Event.BLOCKED, "dave: no room"),
        line(Event.FAILED, "erin: AccessDenied"),
        line(Event.ROTATED, "frank: new key"),
    ]
    [message] = digest(ACCOUNT, RUN, lines)

    counts = "1 failed, 1 blocked, 2 rotated, 1 warned"
    assert message.subject == f"Access key rotation in {ACCOUNT}: {counts}"
    assert f"the AWS account {ACCOUNT}, run of {RUN}: {counts}." in prose(message)
    rows = [row[2:].split(":")[0] for row in message.text.splitlines() if row.startswith("- ")]
    assert rows == ["erin", "dave", "carol", "frank", "bob"]
    assert [row["user"] for row in message.data["lines"]] == ["alice"] * 5


@pytest.mark.parametrize("event", [event for event in Event if event is not Event.DIGEST])
def test_digest_shows_a_line_of_every_event(event: Event) -> None:
    [message] = digest(ACCOUNT, RUN, [line(event, "alice: what happened")])

    assert "- alice: what happened" in message.text
    assert message.data["lines"] == [
        {
            "event": event.value,
            "user": "alice",
            "access_key_id": OLD,
            "reason": "error",
            "secret_arn": SECRET,
            "text": "alice: what happened",
        }
    ]


def test_digest_says_where_a_key_is_that_an_operator_may_have_to_pass_on() -> None:
    [message] = digest(ACCOUNT, RUN, [line(Event.ROTATED, "alice: please pass it on")])

    assert f"- alice: please pass it on\n  secret: {SECRET}\n" in message.text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_lines_stay_one_row_each(hostile: str) -> None:
    lines = [line(text=f"alice: {hostile}"), line(text="bob: x")]
    [message] = digest(ACCOUNT, RUN, lines)

    assert_is_harmless(message)
    assert sum(row.startswith("- ") for row in message.text.splitlines()) == 2
    assert commands(message) == []


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        pytest.param(1, [1], id="one"),
        pytest.param(ROWS_PER_DIGEST, [ROWS_PER_DIGEST], id="full"),
        pytest.param(ROWS_PER_DIGEST + 1, [ROWS_PER_DIGEST, 1], id="one too many"),
        pytest.param(5000, [ROWS_PER_DIGEST] * 20, id="every user of an account"),
    ],
)
def test_digest_comes_in_numbered_parts(count: int, sizes: list[int]) -> None:
    lines = [line(name=f"user-{number}", text=f"user-{number}: x") for number in range(count)]
    messages = list(digest(ACCOUNT, RUN, lines))

    assert [len(message.data["lines"]) for message in messages] == sizes
    assert [row["user"] for message in messages for row in message.data["lines"]] == [
        line.user for line in lines
    ]
    for number, message in enumerate(messages, 1):
        assert (message.data["part"], message.data["parts"]) == (number, len(sizes))
        assert message.data["run"] == RUN
        for text in (message.subject, prose(message)):
            assert (f"(part {number} of {len(sizes)})" in text) == (len(sizes) > 1)


def test_part_is_still_told_in_the_longest_subject() -> None:
    lines = [line(event) for event in Event if event is not Event.DIGEST for _ in range(700)]
    messages = list(digest(ACCOUNT, RUN, lines))

    for number, message in enumerate(messages, 1):
        assert_is_harmless(message)
        assert f"(part {number} of {len(messages)})" in message.subject


LONGEST_NAME = "n" * 64
LONGEST_SECRET = (
    f"arn:aws-us-gov:secretsmanager:us-gov-west-1:{ACCOUNT}:secret:{'p' * 256}{'+2C' * 64}-a1B2c3"
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"{LONGEST_NAME}: new key {'A' * 128} is in the secret; the old key {'B' * 128} works "
            "until 2026-03-01 07:30 UTC. No confirmed subscription: please pass it on",
            id="rotated, longest names",
        ),
        pytest.param("x" * 20_000, id="a long error"),
        pytest.param('"\\' * 10_000, id="an error that JSON must escape twice"),
        pytest.param("鍵" * 10_000, id="not ASCII"),
        pytest.param("🔑" * 10_000, id="beyond the basic plane"),
        pytest.param("\x00" * 10_000, id="control characters"),
    ],
)
@pytest.mark.parametrize("event", [Event.ROTATED, Event.FAILED])
def test_every_part_fits_into_one_publish(event: Event, text: str) -> None:
    lines = [
        DigestLine(
            event, LONGEST_NAME, text, "A" * 128, Reason.SLOT_TAKEN_BY_EXPIRED_KEY, LONGEST_SECRET
        )
    ] * (2 * ROWS_PER_DIGEST)
    messages = list(digest(ACCOUNT, RUN, lines))

    assert sum(len(message.data["lines"]) for message in messages) == len(lines)
    for message in messages:
        # Attributes count too: their names, types and values take well under 1 KB.
        assert len(message.body().encode()) < SNS_LIMIT - 1024
        assert_is_harmless(message)


# -- words of others -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("An error (AccessDenied): see https://evil.example/x", "see https:/[/]evil[.]example/x"),
        ("www.evil.example", "www[.]evil[.]example"),
        ("mail root@evil.example", "root@evil[.]example"),
        ("evil\u3002example", "evil[\u3002]example"),
        ("in 1.5 s. Then 10.0.0.1", "in 1.5 s. Then 10.0.0.1"),
        ("two\nlines\x1b[31m", "two lines [31m"),
    ],
)
def test_text_of_others_is_one_line_that_links_nowhere(text: str, shown: str) -> None:
    assert unlinked(text).endswith(shown)
    assert link_in(unlinked(text)) is None
