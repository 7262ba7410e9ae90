"""The mails are what was reviewed, to the letter; `make samples` writes them again."""

from __future__ import annotations

import pytest

from key_rotation.domain.model import Event
from tests.unit.mail_samples import FOLDER, samples, shown

SAMPLES = samples()
# Only lines of the digest.
NOT_MAILED = {
    Event.ENDING,  # its mail is that of a held key
    Event.RETIRED,
    Event.REPAIRED,
    Event.READERS,
    Event.KEPT,
    Event.FAILED,
    Event.UNREACHED,
    Event.UNMANAGED,
    Event.UNMATCHED,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_mail_is_the_reviewed_sample(name: str) -> None:
    assert shown(SAMPLES[name]) == (FOLDER / f"{name}.txt").read_text(), "run: make samples"


def test_there_is_a_sample_of_every_event_and_no_other_file() -> None:
    assert {path.stem for path in FOLDER.glob("*")} == set(SAMPLES)
    assert {name.partition(".")[0] for name in SAMPLES} == {
        event.value for event in Event if event not in NOT_MAILED
    }
