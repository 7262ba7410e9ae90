"""The text of a credentials file: which key a profile holds, and the same text with another one.

configupdater says which line is what. Only the lines of the key are written, as the file writes
them: with its line ends, its indentation, its way around the `=`. What botocore will read from the
result is compared with what was meant, before anybody writes it.
"""

from __future__ import annotations

import configparser
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from configupdater import ConfigUpdater, Option, Section

from .failures import Exit, FetchError
from .key import Key

_KEY_ID, _SECRET = "aws_access_key_id", "aws_secret_access_key"
_TOKEN = "aws_session_token"
_TOKENS = (_TOKEN, "aws_security_token")  # botocore knows the latter, too, and looks there first
_ID = re.compile(r"\w+", re.ASCII)
_MARK = "# key-fetch: the former key. The next pull removes this section."
_MARK_START = "# key-fetch:"
_BEFORE_VALUE = re.compile(r".*?[=:][ \t]*")
_INDENT = re.compile(r"[ \t]*")

type Meaning = dict[str, dict[str, str]]


class _Kind(Enum):
    HEADER = auto()
    OPTION = auto()  # its first line
    CONTINUED = auto()
    OTHER = auto()  # a comment, or nothing


@dataclass(frozen=True, slots=True)
class _Line:
    text: str  # with its line end
    section: str | None = None
    kind: _Kind = _Kind.OTHER
    option: str | None = None

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    @property
    def is_mark(self) -> bool:
        return self.kind is _Kind.OTHER and self.text.strip().startswith(_MARK_START)


@dataclass(frozen=True)
class Profiles:
    """The profiles in `text`, which comes from the file `source`."""

    text: str
    source: str

    def __post_init__(self) -> None:
        """Raises FetchError if botocore could not read the text, or we not edit it."""
        lines = self._lines()
        whole = "".join(line.text for line in lines) == self.text
        sections = list(dict.fromkeys(line.section for line in lines if line.section))
        known = [name for name in sections if name != configparser.DEFAULTSECT]
        if not whole or known != list(self._meaning()):
            raise self._failure("it cannot be edited without changing more than the key")

    def __contains__(self, profile: str) -> bool:
        return profile in self._meaning()

    def key(self, profile: str) -> Key | None:
        """As botocore reads it from this file; None if there is no such profile, or no key in it.

        Raises FetchError if there is half a key.
        """
        options = self._meaning().get(profile, {})
        key_id, secret = options.get(_KEY_ID), options.get(_SECRET)
        if not key_id and not secret:
            return None
        if not key_id or not secret or not _ID.fullmatch(key_id) or "\n" in secret:
            raise FetchError(
                Exit.SIGN_IN,
                f"{self.source}: the profile {profile} holds no whole key: {_KEY_ID} and {_SECRET} "
                "have to be there, each on one line, and a comment on a line of its own",
            )
        return Key(key_id, secret, next((options[t] for t in _TOKENS if options.get(t)), None))

    def former(self, profile: str) -> str | None:
        """The profile that key-fetch made for the former key of `profile`; None if there is none.

        Raises FetchError if somebody else made it.
        """
        name = _former(profile)
        if name not in self:
            return None
        if not any(line.is_mark for line in self._lines() if line.section == name):
            raise self._failure(
                f"it has a profile {name} that key-fetch did not make, and that is where the "
                "former key goes: rename it"
            )
        return name

    def with_key(self, profile: str, key: Key, former: Key | None) -> str:
        """The text with `key` in `profile`, and `former` in the profile beside it, if there is one.

        Raises FetchError if botocore would not read from it what is meant.
        """
        expected, defaults = self._meaning(), self._defaults()
        lines = _with_key(self._lines(), profile, key, self._line_end)
        expected[profile] = _expected(expected.get(profile, defaults), key)
        if former is not None:
            name = _former(profile)
            is_there = self.former(profile) is not None
            lines = _with_key(lines, name, former, self._line_end, None if is_there else _MARK)
            expected[name] = _expected(expected.get(name, defaults), former)
        return self._checked(lines, expected)

    def without_former(self, profile: str) -> str:
        """The text without the profile that key-fetch made for the former key of `profile`."""
        name = self.former(profile)
        expected = self._meaning()
        if name is None:
            return self.text
        del expected[name]
        lines = self._lines()
        [start] = [at for at, line in enumerate(lines) if _is_header(line, name)]
        before, after = (
            lines[:start],
            [
                line
                for line in lines[start:]
                if line.section != name or (line.kind is _Kind.OTHER and not line.is_mark)
            ],
        )
        if before and before[-1].is_blank and (not after or after[0].is_blank):
            before.pop()
        return self._checked(before + after, expected)

    def _checked(self, lines: list[_Line], expected: Meaning) -> str:
        text = "".join(line.text for line in lines)
        if Profiles(text, self.source)._meaning() != expected:
            raise self._failure("it cannot be edited without changing more than the key")
        return text

    def _meaning(self) -> Meaning:
        """What botocore reads, which opens files with any line end. Raises FetchError."""
        parser = self._parser()
        return {name: dict(parser.items(name)) for name in parser.sections()}

    def _defaults(self) -> dict[str, str]:
        return dict(self._parser().defaults())

    def _parser(self) -> configparser.RawConfigParser:
        parser = configparser.RawConfigParser()
        if self.text.startswith("\ufeff"):
            raise self._failure("it begins with a byte order mark: save it as UTF-8 without", 1)
        lone = re.search(r"\r(?!\n)", self.text)
        if lone:
            raise self._failure("a carriage return is no line end", self._number(lone.start()))
        try:
            parser.read_file(io.StringIO(self.text, newline=None))
        except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
            raise self._failure("that profile or option was there already", error.lineno) from None
        except configparser.ParsingError as error:
            raise self._failure("that is no `name = value`", _first_line(error)) from None
        return parser

    def _lines(self) -> list[_Line]:
        try:
            parsed = ConfigUpdater().read_string(self.text)
        except configparser.Error:
            parsed = None
        if parsed is None:
            self._parser()  # says the line, if botocore cannot read it either
            raise self._failure("it cannot be parsed")
        return list(_flat(parsed))

    @property
    def _line_end(self) -> str:
        """That of the first line."""
        return "\r\n" if self.text.partition("\n")[0].endswith("\r") else "\n"

    def _number(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def _failure(self, why: str, line: int | None = None) -> FetchError:
        """Never with the text of a line: it may be a secret."""
        where = self.source if line is None else f"{self.source}, line {line}"
        return FetchError(Exit.FILE, f"{where}: {why}. The file was not changed")


def _former(profile: str) -> str:
    return f"{profile}-previous"


def _first_line(error: configparser.ParsingError) -> int | None:
    """MissingSectionHeaderError has one, others have a list."""
    return getattr(error, "lineno", None) or next((line for line, _text in error.errors), None)


def _flat(parsed: ConfigUpdater) -> Iterator[_Line]:
    for block in parsed.iter_blocks():
        if not isinstance(block, Section):
            yield from map(_Line, block.lines)
            continue
        yield from (_Line(text, block.name, _Kind.HEADER) for text in block.lines)
        for entry in block.iter_blocks():
            if not isinstance(entry, Option):
                yield from (_Line(text, block.name) for text in entry.lines)
                continue
            name = entry.key.lower()
            for number, text in enumerate(entry.lines):
                if number == 0:
                    yield _Line(text, block.name, _Kind.OPTION, name)
                elif not text.strip() or text.strip()[0] in "#;":
                    yield _Line(text, block.name)
                else:
                    yield _Line(text, block.name, _Kind.CONTINUED, name)


def _is_header(line: _Line, section: str) -> bool:
    return line.kind is _Kind.HEADER and line.section == section


def _options(key: Key) -> dict[str, str]:
    found = {_KEY_ID: key.id, _SECRET: key.secret}
    return found if key.token is None else found | {_TOKEN: key.token}


def _expected(options: dict[str, str], key: Key) -> dict[str, str]:
    kept = {name: value for name, value in options.items() if name not in _TOKENS}
    return kept | _options(key)


def _with_key(
    lines: list[_Line], section: str, key: Key, end: str, mark: str | None = None
) -> list[_Line]:
    """The lines with the key in that section; a new section comes last, with the line `mark`."""
    if not any(_is_header(line, section) for line in lines):
        lines = _with_section(lines, section, end, mark)
    options = _options(key)
    for name in (_KEY_ID, _SECRET, *_TOKENS):
        lines = _with_option(lines, section, name, options.get(name), end)
    return lines


def _with_section(lines: list[_Line], section: str, end: str, mark: str | None) -> list[_Line]:
    found = _ended(lines, end)
    if found and not found[-1].is_blank:
        found.append(_Line(end))
    found.append(_Line(f"[{section}]{end}", section, _Kind.HEADER))
    return found if mark is None else [*found, _Line(f"{mark}{end}", section)]


def _with_option(
    lines: list[_Line], section: str, name: str, value: str | None, end: str
) -> list[_Line]:
    """None removes it."""
    found = []
    is_there = False
    for line in lines:
        if line.section != section or line.option != name:
            found.append(line)
        elif line.kind is _Kind.OPTION and value is not None:
            is_there = True
            before = _BEFORE_VALUE.match(line.text)
            start = before[0] if before else f"{name} = "
            text = start + value + line.text[len(line.text.rstrip("\r\n")) :]
            found.append(_Line(text, section, _Kind.OPTION, name))
    return found if is_there or value is None else _added(found, section, name, value, end)


def _added(lines: list[_Line], section: str, name: str, value: str, end: str) -> list[_Line]:
    """The option after the last of its section, or after the comments below the header."""
    of_it = [at for at, line in enumerate(lines) if line.section == section]
    written = [at for at in of_it if lines[at].kind in (_Kind.OPTION, _Kind.CONTINUED)]
    options = [at for at in of_it if lines[at].kind is _Kind.OPTION]
    if written:
        at = written[-1] + 1
    else:
        at = of_it[0] + 1
        while at < len(lines) and lines[at].section == section and lines[at].is_mark:
            at += 1
    indent = _INDENT.match(lines[options[-1]].text) if options else None
    text = f"{indent[0] if indent else ''}{name} = {value}{end}"
    return [*_ended(lines[:at], end), _Line(text, section, _Kind.OPTION, name), *lines[at:]]


def _ended(lines: list[_Line], end: str) -> list[_Line]:
    """The lines, the last of which has a line end."""
    if not lines or lines[-1].text.endswith("\n"):
        return list(lines)
    last = lines[-1]
    return [*lines[:-1], _Line(last.text + end, last.section, last.kind, last.option)]
