"""DEFLATE (RFC 1951) whose output depends on nothing but its input.

zlib's output differs between its versions and forks, so a package compressed with it would differ
from machine to machine. This compressor is simple instead of good: greedy matches, and the fixed
codes of section 3.2.6. Of Python sources it leaves about a third, which any inflater reads.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator

_LEAST_MATCH, _LONGEST_MATCH = 3, 258
_WINDOW = 32 * 1024
_TRIED = 64  # earlier places of the same three bytes that are compared, the nearest first
_END_OF_BLOCK = 256

# Section 3.2.5: first value and extra bits of each length code (from 257) and distance code.
_LENGTHS = [
    *((3 + n, 0) for n in range(8)),
    *((base, 1) for base in range(11, 19, 2)),
    *((base, 2) for base in range(19, 35, 4)),
    *((base, 3) for base in range(35, 67, 8)),
    *((base, 4) for base in range(67, 131, 16)),
    *((base, 5) for base in range(131, 258, 32)),
    (258, 0),
]
_DISTANCES = [
    *((1 + n, 0) for n in range(4)),
    *((1 + (2 + half) * 2**bits, bits) for bits in range(1, 14) for half in (0, 1)),
]


def deflate(data: bytes) -> bytes:
    """The compressed data: one final block, as `zlib.decompress(…, wbits=-15)` reads it."""
    bits = _Bits()
    bits.put(1, 1)  # the final block
    bits.put(1, 2)  # of fixed codes
    for literal, distance in _tokens(data):
        if distance == 0:
            bits.put_code(*_literal_code(literal))
            continue
        symbol, value, width = _symbol(_LENGTHS, literal)
        bits.put_code(*_literal_code(257 + symbol))
        bits.put(value, width)
        symbol, value, width = _symbol(_DISTANCES, distance)
        bits.put_code(symbol, 5)
        bits.put(value, width)
    bits.put_code(*_literal_code(_END_OF_BLOCK))
    return bits.bytes()


def _tokens(data: bytes) -> Iterator[tuple[int, int]]:
    """(byte, 0) for a literal; (length, distance) for a repetition of what was before."""
    places: dict[bytes, list[int]] = {}
    at = 0
    while at < len(data):
        length, distance = _longest_match(data, at, places.get(data[at : at + _LEAST_MATCH], []))
        if length < _LEAST_MATCH:
            length = 1
            yield data[at], 0
        else:
            yield length, distance
        for passed in range(at, at + length):
            places.setdefault(data[passed : passed + _LEAST_MATCH], []).append(passed)
        at += length


def _longest_match(data: bytes, at: int, places: list[int]) -> tuple[int, int]:
    longest, distance = 0, 0
    most = min(_LONGEST_MATCH, len(data) - at)
    for place in reversed(places[-_TRIED:]):
        if at - place > _WINDOW:
            break
        length = 0
        while length < most and data[place + length] == data[at + length]:
            length += 1
        if length > longest:
            longest, distance = length, at - place
    return longest, distance


def _symbol(table: list[tuple[int, int]], value: int) -> tuple[int, int, int]:
    """The last symbol that begins at or below the value; the value's extra bits, and how many."""
    symbol = bisect(table, value, key=lambda entry: entry[0]) - 1
    base, width = table[symbol]
    return symbol, value - base, width


def _literal_code(symbol: int) -> tuple[int, int]:
    """Section 3.2.6: the code of a literal or length symbol, and its number of bits."""
    if symbol < 144:
        return 0b00110000 + symbol, 8
    if symbol < 256:
        return 0b110010000 + symbol - 144, 9
    if symbol < 280:
        return symbol - 256, 7
    return 0b11000000 + symbol - 280, 8


class _Bits:
    """Bits packed into bytes from the least significant on."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._bits = 0
        self._width = 0

    def put(self, value: int, width: int) -> None:
        """A number: its least significant bit first."""
        self._bits |= value << self._width
        self._width += width
        while self._width >= 8:
            self._bytes.append(self._bits & 0xFF)
            self._bits >>= 8
            self._width -= 8

    def put_code(self, code: int, width: int) -> None:
        """A Huffman code: its most significant bit first."""
        for place in reversed(range(width)):
            self.put(code >> place & 1, 1)

    def bytes(self) -> bytes:
        return bytes(self._bytes) + (bytes([self._bits]) if self._width else b"")
