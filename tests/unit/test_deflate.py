"""The compressor of the package: what it writes, zlib reads back."""

from __future__ import annotations

import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripts.deflate import deflate


def inflate(packed: bytes) -> bytes:
    return zlib.decompress(packed, wbits=-15)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"a", id="one byte"),
        pytest.param(b"ab" * 40_000, id="farther back than the window"),
        pytest.param(b"x" * 259, id="longer than the longest match"),
        pytest.param(bytes(range(256)) * 2, id="every byte"),
        pytest.param(b"abc" + bytes(32 * 1024 - 3) + b"abc", id="at the window's edge"),
        pytest.param(b"abc" + bytes(32 * 1024 - 2) + b"abc", id="beyond the window's edge"),
    ],
)
def test_round_trip(data: bytes) -> None:
    assert inflate(deflate(data)) == data


PIECES = st.sampled_from([b"a", b"bc", b"\xff", b"import ", b"def x():\n    "])


@given(st.lists(PIECES).map(b"".join))
def test_round_trip_of_anything(data: bytes) -> None:
    assert inflate(deflate(data)) == data


@given(st.binary(max_size=600))
def test_round_trip_of_any_bytes(data: bytes) -> None:
    assert inflate(deflate(data)) == data


def test_it_compresses() -> None:
    text = b"".join(b"    def method_%d(self) -> None:\n" % number for number in range(100))

    assert len(deflate(text)) < len(text) / 3


def test_the_same_bytes_on_every_machine() -> None:
    """zlib would not promise this: a changed sum means that every committed package is stale."""
    text = b"the same sources give the same bytes, on any machine and any Python\n" * 3

    assert sha256(deflate(text)).hexdigest() == (
        "8a8ba0bcd362299e1c83d6145044916e58eff0a8661472eb512b1657d23b7f38"
    )
