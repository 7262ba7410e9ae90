"""scripts.package, run on copies: the same sources give the same zip, and stale ones show."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from copy import copy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Checkout:
    """A copy of the script and of the Lambda's sources, as somebody else might have them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources = folder / "lambda" / "key_rotation"
        self.zip = folder / "lambda" / "package.zip"
        self.record = folder / "lambda" / "package.sources.sha256"
        (folder / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "package.py", folder / "scripts")
        self.sources.mkdir(parents=True)
        for path in self._of(ROOT / "lambda" / "key_rotation"):
            copy = self.sources / path.relative_to(ROOT / "lambda" / "key_rotation")
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())

    @staticmethod
    def _of(folder: Path) -> list[Path]:
        return [path for path in folder.rglob("*.py") if "__pycache__" not in path.parts]

    def package(
        self, *arguments: str, python: str = sys.executable, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-m", "scripts.package", *arguments],
            env={**os.environ, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def built(self, **environment: str) -> bytes:
        assert self.package(**environment).returncode == 0
        return self.zip.read_bytes()

    def expected_hash(self) -> str:
        """What function.tf computes, from the documented words alone."""
        lines = []
        for path in self._of(self.sources):
            name = path.relative_to(self.folder / "lambda").as_posix()
            lines.append((name, hashlib.sha256(path.read_bytes()).hexdigest()))
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(lines))
        return hashlib.sha256(text.encode()).hexdigest()

    def recorded(self) -> dict[str, str]:
        """The hashes by name."""
        lines = [line.split("  ") for line in self.record.read_text().splitlines()]
        return {name: digest for digest, name in lines}

    def state(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "one")


def test_same_sources_give_the_same_bytes_on_any_checkout(
    checkout: Checkout, tmp_path: Path
) -> None:
    other = Checkout(tmp_path / "another" / "place")
    for number, path in enumerate(sorted(other.sources.rglob("*.py"), reverse=True)):
        path.chmod(0o600 if number % 2 else 0o755)
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    shutil.copytree(other.sources / "aws", other.sources / "moved")
    shutil.rmtree(other.sources / "aws")
    (other.sources / "moved").rename(other.sources / "aws")

    one = checkout.built(PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    assert other.built(PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C.UTF-8") == one
    assert other.record.read_bytes() == checkout.record.read_bytes()


def test_zip_holds_every_source_and_nothing_else(checkout: Checkout) -> None:
    (checkout.sources / "__pycache__").mkdir()
    (checkout.sources / "__pycache__" / "model.cpython-313.pyc").write_bytes(b"x")
    (checkout.sources / "notes.txt").write_text("x")
    (checkout.folder / "lambda" / "other.py").write_text("x")
    checkout.built()

    with zipfile.ZipFile(checkout.zip) as archive:
        held = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    assert held == {
        name.removeprefix("lambda/"): content
        for name, content in checkout.state().items()
        if name.startswith("lambda/key_rotation/") and name.endswith(".py")
    }
    assert "key_rotation/handler.py" in held


def test_entries_are_sorted_compressed_readable_and_without_a_date(checkout: Checkout) -> None:
    checkout.built()

    with zipfile.ZipFile(checkout.zip) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    for entry in entries:
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.compress_type == zipfile.ZIP_DEFLATED
        assert entry.create_system == 3
        assert stat.filemode(entry.external_attr >> 16) == "-rw-r--r--"


def test_the_archive_is_sound(checkout: Checkout) -> None:
    """Any other tool reads it, too: sizes and sums are right, in both places where they stand."""
    checkout.built()

    with zipfile.ZipFile(checkout.zip) as archive:
        assert archive.testzip() is None
        assert archive.comment == b""


def test_packaged_code_can_be_imported(checkout: Checkout) -> None:
    checkout.built()
    where = "import key_rotation.domain.policy as module; print(module.__file__)"
    python = subprocess.run(
        [sys.executable, "-c", where],
        env={"PYTHONPATH": str(checkout.zip)},
        cwd=checkout.folder,
        capture_output=True,
        text=True,
        check=True,
    )

    assert python.stdout.strip() == str(checkout.zip / "key_rotation" / "domain" / "policy.py")


def test_recorded_hashes_are_what_terraform_computes(checkout: Checkout) -> None:
    zipped = checkout.built()

    assert checkout.recorded() == {
        "sources": checkout.expected_hash(),
        "package.zip": hashlib.sha256(zipped).hexdigest(),
    }


def touch_source(checkout: Checkout) -> None:
    path = checkout.sources / "domain/model.py"
    path.write_bytes(path.read_bytes() + b"\n")


def rename_source(checkout: Checkout) -> None:
    (checkout.sources / "domain/model.py").rename(checkout.sources / "domain/models.py")


def add_source(checkout: Checkout) -> None:
    (checkout.sources / "aws" / "more.py").write_text("")


def remove_source(checkout: Checkout) -> None:
    (checkout.sources / "aws" / "keys.py").unlink()


Entries = list[tuple[zipfile.ZipInfo, bytes]]


def rewrite_zip(
    checkout: Checkout, change: Callable[[Entries], Entries], compression: int | None = None
) -> None:
    """Writes the zip again, with other entries or with another compression."""
    with zipfile.ZipFile(checkout.zip) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(checkout.zip, "w") as archive:
        for entry, content in change(entries):
            archive.writestr(entry, content, compression, compresslevel=1)


def reverse_entries(checkout: Checkout) -> None:
    rewrite_zip(checkout, lambda entries: entries[::-1])


def add_entry(checkout: Checkout) -> None:
    with zipfile.ZipFile(checkout.zip, "a") as archive:
        archive.writestr("sitecustomize.py", "x = 1\n")


def repeat_entry(checkout: Checkout) -> None:
    with warnings.catch_warnings(action="ignore"):
        rewrite_zip(checkout, lambda entries: [*entries, (copy(entries[-1][0]), b"x = 1\n")])


def change_entry(checkout: Checkout) -> None:
    rewrite_zip(checkout, lambda entries: [*entries[:-1], (entries[-1][0], b"x = 1\n")])


def change_mode(checkout: Checkout) -> None:
    def executable(entries: Entries) -> Entries:
        entries[0][0].external_attr = 0o100755 << 16
        return entries

    rewrite_zip(checkout, executable)


def change_date(checkout: Checkout) -> None:
    def of_2026(entries: Entries) -> Entries:
        entries[0][0].date_time = (2026, 6, 1, 12, 0, 0)
        return entries

    rewrite_zip(checkout, of_2026)


def truncate_zip(checkout: Checkout) -> None:
    checkout.zip.write_bytes(checkout.zip.read_bytes()[:-1])


def empty_zip(checkout: Checkout) -> None:
    checkout.zip.write_bytes(b"")


def damage_zip(checkout: Checkout) -> None:
    """The first file's checksum, in both headers."""
    content = (checkout.sources / "__init__.py").read_bytes()
    whole = checkout.zip.read_bytes()
    checksum = zlib.crc32(content).to_bytes(4, "little")
    checkout.zip.write_bytes(whole.replace(checksum, b"\0\0\0\0"))


def hide_bytes(checkout: Checkout) -> None:
    checkout.zip.write_bytes(b"#!/bin/sh" + checkout.zip.read_bytes())


def use_bzip2(checkout: Checkout) -> None:
    rewrite_zip(checkout, lambda entries: entries, zipfile.ZIP_BZIP2)


def remove_zip(checkout: Checkout) -> None:
    checkout.zip.unlink()


def spoil_record(checkout: Checkout) -> None:
    checkout.record.write_text(f"{'0' * 64}\n")


def remove_record(checkout: Checkout) -> None:
    checkout.record.unlink()


BOTH = ("package.zip", "package.sources.sha256")


@pytest.mark.parametrize(
    ("spoil", "stale"),
    [
        pytest.param(touch_source, BOTH, id="source changed"),
        pytest.param(rename_source, BOTH, id="source renamed"),
        pytest.param(add_source, BOTH, id="source added"),
        pytest.param(remove_source, BOTH, id="source removed"),
        pytest.param(reverse_entries, BOTH[:1], id="entries in another order"),
        pytest.param(add_entry, BOTH[:1], id="an entry too many"),
        pytest.param(repeat_entry, BOTH[:1], id="an entry twice"),
        pytest.param(change_entry, BOTH[:1], id="an entry changed"),
        pytest.param(change_mode, BOTH[:1], id="an entry's mode changed"),
        pytest.param(change_date, BOTH[:1], id="an entry's date changed"),
        pytest.param(
            truncate_zip, ("package.zip (no sound zip: File is not a zip file)",), id="truncated"
        ),
        pytest.param(
            empty_zip, ("package.zip (no sound zip: File is not a zip file)",), id="zip empty"
        ),
        pytest.param(
            damage_zip,
            ("package.zip (no sound zip: Bad CRC-32 for file 'key_rotation/__init__.py')",),
            id="damaged",
        ),
        pytest.param(
            hide_bytes,
            ("package.zip (no sound zip: some of its bytes belong to no entry)",),
            id="bytes before the entries",
        ),
        pytest.param(
            use_bzip2,
            ("package.zip (no sound zip: Lambda reads stored and deflated entries only)",),
            id="compressed as Lambda cannot read",
        ),
        pytest.param(remove_zip, ("package.zip (missing)",), id="zip missing"),
        pytest.param(spoil_record, BOTH[1:], id="hash changed"),
        pytest.param(remove_record, BOTH[1:], id="hash missing"),
    ],
)
def test_check_names_what_is_stale_and_changes_nothing(
    checkout: Checkout, spoil: Callable[[Checkout], None], stale: tuple[str, ...]
) -> None:
    checkout.built()
    spoil(checkout)
    before = checkout.state()

    check = checkout.package("--check")

    assert check.returncode == 1
    assert check.stderr == (
        f"error: not what the sources build: {', '.join(stale)}; run: make package\n"
    )
    assert checkout.state() == before
    assert checkout.package().returncode == 0
    assert checkout.package("--check").returncode == 0


def test_check_accepts_a_fresh_package(checkout: Checkout) -> None:
    checkout.built()
    before = checkout.state()

    check = checkout.package("--check")

    assert (check.returncode, check.stderr) == (0, "")
    assert checkout.state() == before


@pytest.mark.parametrize(
    "compression",
    [
        pytest.param(zipfile.ZIP_DEFLATED, id="another zlib"),
        pytest.param(zipfile.ZIP_STORED, id="not compressed"),
    ],
)
def test_a_zip_of_another_zlib_stays_and_its_own_hash_is_recorded(
    checkout: Checkout, compression: int
) -> None:
    built = checkout.built()
    rewrite_zip(checkout, lambda entries: entries, compression)
    other = checkout.zip.read_bytes()
    assert other != built

    check = checkout.package("--check")

    assert "not what the sources build: package.sources.sha256;" in check.stderr
    assert checkout.package().returncode == 0
    assert checkout.zip.read_bytes() == other
    assert checkout.recorded()["package.zip"] == hashlib.sha256(other).hexdigest()
    assert checkout.package("--check").returncode == 0


def installed_python(name: str) -> str | None:
    """Where this Python is, if it is installed and runs."""
    asked = subprocess.run(
        ["sh", "-c", f"{name} -c 'import sys; print(sys.executable)'"],
        capture_output=True,
        text=True,
    )
    return asked.stdout.strip() or None


# The one that runs the tests, and what else is installed.
PYTHONS = sorted(
    {sys.executable, *filter(None, map(installed_python, ("python3.12", "python3.13")))}
)


@pytest.mark.parametrize("built_with", PYTHONS)
@pytest.mark.parametrize("checked_with", PYTHONS)
def test_every_python_agrees(checkout: Checkout, built_with: str, checked_with: str) -> None:
    assert checkout.package(python=built_with).returncode == 0
    before = checkout.state()

    check = checkout.package("--check", python=checked_with)

    assert (check.returncode, check.stderr) == (0, "")
    assert checkout.state() == before


def test_unchanged_package_is_not_written_again(checkout: Checkout) -> None:
    checkout.built()
    for path in (checkout.zip, checkout.record):
        os.utime(path, (1_000_000_000, 1_000_000_000))

    again = checkout.package()

    assert "unchanged" in again.stdout
    assert checkout.zip.stat().st_mtime == checkout.record.stat().st_mtime == 1_000_000_000
