"""The text of a credentials file: only the key changes, and botocore reads what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from botocore.credentials import SharedCredentialProvider
from hypothesis import example, given
from hypothesis import strategies as st

from key_fetch.failures import Exit, FetchError
from key_fetch.key import Key
from key_fetch.profiles import Profiles
from tests.unit.pulling_host import NEW, OLD, PROFILE, THIRD, profile, pulled

TEMPORARY = Key("ASIATEMPTEMPTEXAMPLE", "temporary/secret", "token==")
KEPT = f"""\
; who may use this: see the wiki
[default]
region=eu-west-1
# 100 % ours
s3 =
    max_concurrent_requests = 20
    addressing_style = path

{profile("alice", THIRD)}"""


def profiles(text: str) -> Profiles:
    return Profiles(text, "/home/build/.aws/credentials")


def read(text: str, folder: Path, name: str = PROFILE) -> Key | None:
    """As botocore reads that text."""
    path = folder / "read"
    path.write_bytes(text.encode())
    found = SharedCredentialProvider(str(path), name).load()
    return Key(found.access_key, found.secret_key, found.token) if found else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("{old}", "{new}\n{former}", id="alone"),
        pytest.param(KEPT + "\n{old}", KEPT + "\n{new}\n{former}", id="last"),
        pytest.param("{old}\n" + KEPT, "{new}\n" + KEPT + "\n{former}", id="first"),
        pytest.param(
            "# ours\n{old}# by hand\n\n" + KEPT,
            "# ours\n{new}# by hand\n\n" + KEPT + "\n{former}",
            id="comments around",
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_everything_else_is_kept(before: str, after: str, end: str, tmp_path: Path) -> None:
    new, _, former = pulled(NEW, OLD).partition("\n\n")
    before = before.replace("{old}", profile(PROFILE, OLD)).replace("\n", end)
    expected = after.replace("{new}", f"{new}\n").replace("{former}", former).replace("\n", end)

    text = profiles(before).with_key(PROFILE, NEW, OLD)

    assert text == expected
    assert read(text, tmp_path) == NEW
    assert read(text, tmp_path, f"{PROFILE}-previous") == OLD
    assert profiles(text).without_former(PROFILE) == (
        before.replace(OLD.id, NEW.id).replace(OLD.secret, NEW.secret)
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"[{PROFILE}]\naws_access_key_id={OLD.id}\naws_secret_access_key={OLD.secret}\n",
            f"[{PROFILE}]\naws_access_key_id={NEW.id}\naws_secret_access_key={NEW.secret}\n",
            id="no blanks",
        ),
        pytest.param(
            f"[{PROFILE}]\nAWS_Access_Key_Id : {OLD.id}\n aws_secret_access_key: x\n",
            None,
            id="a line that continues",
        ),
        pytest.param(
            f"[{PROFILE}]\nAWS_Access_Key_Id : {OLD.id}\naws_secret_access_key:\t{OLD.secret}\n",
            f"[{PROFILE}]\nAWS_Access_Key_Id : {NEW.id}\naws_secret_access_key:\t{NEW.secret}\n",
            id="colons and capitals",
        ),
        pytest.param(
            f"[{PROFILE}]\n\n    aws_access_key_id = {OLD.id}\n    aws_secret_access_key = x=y\n",
            f"[{PROFILE}]\n\n    aws_access_key_id = {NEW.id}\n    aws_secret_access_key = "
            f"{NEW.secret}\n",
            id="indented",
        ),
        pytest.param(
            f"[{PROFILE}]   # ours\naws_access_key_id = {OLD.id}\naws_secret_access_key = x",
            f"[{PROFILE}]   # ours\naws_access_key_id = {NEW.id}\naws_secret_access_key = "
            f"{NEW.secret}",
            id="no line end at the end",
        ),
        pytest.param(
            f"[{PROFILE}]\naws_secret_access_key = x\n  # of May\n\naws_access_key_id = {OLD.id}\n",
            f"[{PROFILE}]\naws_secret_access_key = {NEW.secret}\n  # of May\n\n"
            f"aws_access_key_id = {NEW.id}\n",
            id="comment in between",
        ),
        pytest.param(
            f"[{PROFILE}]\naws_access_key_id = {TEMPORARY.id}\naws_session_token = t\n"
            "aws_security_token = u\naws_secret_access_key = x\nregion = eu-west-1\n",
            f"[{PROFILE}]\naws_access_key_id = {NEW.id}\naws_secret_access_key = {NEW.secret}\n"
            "region = eu-west-1\n",
            id="session tokens",
        ),
        pytest.param(
            f"[{PROFILE}]\nregion = eu-west-1\n\n[alice]\nregion = us-east-1\n",
            f"[{PROFILE}]\nregion = eu-west-1\naws_access_key_id = {NEW.id}\n"
            f"aws_secret_access_key = {NEW.secret}\n\n[alice]\nregion = us-east-1\n",
            id="no key yet",
        ),
        pytest.param("", profile(PROFILE, NEW), id="nothing yet"),
        pytest.param(
            "[alice]\nregion = x", f"[alice]\nregion = x\n\n{profile(PROFILE, NEW)}", id="not yet"
        ),
    ],
)
def test_the_key_is_written_as_the_file_writes_it(
    before: str, after: str | None, tmp_path: Path
) -> None:
    text = profiles(before).with_key(PROFILE, NEW, None)

    assert after is None or text == after
    assert read(text, tmp_path) == NEW


def test_the_former_key_keeps_its_session_token(tmp_path: Path) -> None:
    before = profile(PROFILE, TEMPORARY) + "aws_session_token = token==\n"
    assert profiles(before).key(PROFILE) == TEMPORARY

    text = profiles(before).with_key(PROFILE, NEW, TEMPORARY)

    assert read(text, tmp_path) == NEW
    assert read(text, tmp_path, f"{PROFILE}-previous") == TEMPORARY

    text = profiles(text).with_key(PROFILE, THIRD, NEW)
    assert read(text, tmp_path, f"{PROFILE}-previous") == NEW


def test_what_follows_the_former_key_outlives_it() -> None:
    text = pulled(NEW, OLD) + "\n# of the night shift\n" + profile("alice", THIRD)

    assert profiles(text).without_former(PROFILE) == (
        profile(PROFILE, NEW) + "\n# of the night shift\n" + profile("alice", THIRD)
    )


def test_default_is_a_profile_like_any_other(tmp_path: Path) -> None:
    text = profiles(profile("default", OLD)).with_key("default", NEW, OLD)

    assert read(text, tmp_path, "default") == NEW
    assert read(text, tmp_path, "default-previous") == OLD


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        pytest.param("\ufeff[a]\n", 1, "byte order mark", id="byte order mark"),
        pytest.param("wJalrXUtn = secret\n[a]\n", 1, "no `name = value`", id="no section"),
        pytest.param("[a]\nx = 1\nwJalrXUtn\n", 3, "no `name = value`", id="no value"),
        pytest.param("[a]\nx = 1\n\n[a]\n", 4, "was there already", id="section twice"),
        pytest.param("[a]\nwJalr = 1\nwJalr = 2\n", 3, "was there already", id="option twice"),
        pytest.param("[a]\nX = wJalr\nx = 2\n", 3, "was there already", id="in capitals"),
        pytest.param("[a]\nx = 1\ry = 2\n", 2, "carriage return", id="lone carriage return"),
    ],
)
def test_a_text_that_botocore_cannot_read(text: str, line: int, why: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError) as failure:
        profiles(text)

    assert failure.value.status == Exit.FILE
    assert str(failure.value).startswith(f"/home/build/.aws/credentials, line {line}: ")
    assert why in str(failure.value)
    assert "wJalr" not in str(failure.value)
    assert failure.value.__context__ is None or failure.value.__suppress_context__


def test_a_text_that_cannot_be_edited_safely() -> None:
    text = f"[DEFAULT]\naws_session_token = t\n{profile(PROFILE, OLD)}"

    with pytest.raises(FetchError, match="without changing more than the key") as failure:
        profiles(text).with_key(PROFILE, NEW, OLD)

    assert failure.value.status == Exit.FILE


LINES = st.sampled_from(
    [
        f"[{PROFILE}]",
        f"[{PROFILE}-previous]",
        "[default]",
        "[DEFAULT]",
        "[alice] # x",
        "# key-fetch: the former key. The next pull removes this section.",
        "; comment",
        "  # indented",
        "",
        "   ",
        "region = eu-west-1",
        "  nested = 1",
        "s3 =",
        f"aws_access_key_id = {OLD.id}",
        f"aws_secret_access_key={OLD.secret}",
        f"  aws_secret_access_key = {OLD.secret}",
        "aws_session_token : %(x)s",
        "nothing",
    ]
)


@example(lines=["; comment"], end="\r\n", is_ended=False, has_former=False)  # it has no line end
@given(st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_any_text_is_edited_as_meant_or_refused(
    lines: list[str], end: str, is_ended: bool, has_former: bool
) -> None:
    text = end.join(lines) + (end if is_ended else "")
    try:
        found = profiles(text)
        edited = found.with_key(PROFILE, NEW, OLD if has_former else None)
        settled = profiles(edited).without_former(PROFILE)
    except FetchError:
        return

    assert profiles(edited).key(PROFILE) == NEW
    assert profiles(settled).key(PROFILE) == NEW
    if has_former:
        assert profiles(edited).key(f"{PROFILE}-previous") == OLD
        assert f"{PROFILE}-previous" not in profiles(settled)
    comments = [line for line in lines if line.strip()[:1] in ("#", ";") and "key-f" not in line]
    assert [line for line in settled.splitlines() if line in comments] == comments


def test_a_value_with_percent_signs_is_read_as_it_is(tmp_path: Path) -> None:
    text = profiles(profile(PROFILE, OLD)).with_key(PROFILE, Key("AKIA", "a%(b)s%"), None)
    path = tmp_path / "credentials"
    path.write_text(text)

    assert raw_config_parse(str(path))[PROFILE]["aws_secret_access_key"] == "a%(b)s%"
