"""What a release publishes is the committed package, and documents that describe its bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha1, sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from scripts import sbom
from scripts.release import write
from scripts.version import ROOT

PACKAGE = (ROOT / "lambda" / "package.zip").read_bytes()
NAME = "key-rotation-lambda-1.2.3"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small one, with the real package, ready for the tag v1.2.3."""
    root = tmp_path / "repository"
    (root / "lambda").mkdir(parents=True)
    (root / "lambda" / "package.zip").write_bytes(PACKAGE)
    (root / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (root / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 1.2.3 - 2026-01-31\n\n### Added\n\nAll.\n"
    )
    (root / "README.md").write_text(
        "pip install git+https://<host>/<path to this repo>.git@v1.2.3\n"
    )
    return root


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return sbom.document(PACKAGE, f"{NAME}.zip", "1.2.3", "2026-01-31")


def test_the_zip_is_the_committed_one(repository: Path, tmp_path: Path) -> None:
    names = write(repository, "v1.2.3", tmp_path / "out")

    assert set(names) == {f"{NAME}.zip", f"{NAME}.spdx.json", "SHA256SUMS", "notes.md"}
    assert (tmp_path / "out" / f"{NAME}.zip").read_bytes() == PACKAGE
    assert (tmp_path / "out" / "notes.md").read_text() == "### Added\n\nAll.\n"


def test_the_sums_are_what_sha256sum_takes(repository: Path, tmp_path: Path) -> None:
    write(repository, "v1.2.3", tmp_path)

    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.stdout == f"{NAME}.spdx.json: OK\n{NAME}.zip: OK\n", done.stderr


def test_the_same_commit_gives_the_same_bytes(repository: Path, tmp_path: Path) -> None:
    [one, other] = [tmp_path / "one", tmp_path / "other"]
    names = write(repository, "v1.2.3", one)
    write(repository, "v1.2.3", other)

    assert [(one / name).read_bytes() for name in names] == [
        (other / name).read_bytes() for name in names
    ]


def test_another_tag_writes_nothing(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the tag is v1\.2\.4; CHANGELOG\.md has version 1\.2\.3"):
        write(repository, "v1.2.4", tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_the_command_names_each_problem(tmp_path: Path) -> None:
    """With this repository, and a tag that nobody will set."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.release", "v0.0.0-never", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "error: the tag is v0.0.0-never; CHANGELOG.md has version " in done.stderr
    assert not (tmp_path / "out").exists()


def test_every_file_of_the_zip_is_listed(described: dict[str, Any]) -> None:
    with ZipFile(BytesIO(PACKAGE)) as archive:
        held = {f"./{name}": archive.read(name) for name in archive.namelist()}
    listed = {file["fileName"]: file for file in described["files"]}

    assert set(listed) == set(held)
    for name, content in held.items():
        assert {each["algorithm"]: each["checksumValue"] for each in listed[name]["checksums"]} == {
            "SHA1": sha1(content, usedforsecurity=False).hexdigest(),
            "SHA256": sha256(content).hexdigest(),
        }
    contained = {
        relation["relatedSpdxElement"]
        for relation in described["relationships"]
        if relation["relationshipType"] == "CONTAINS"
    }
    assert contained == {file["SPDXID"] for file in described["files"]}


def test_the_package_is_described_by_its_hash(described: dict[str, Any]) -> None:
    ours, boto3 = described["packages"]

    assert ours["checksums"] == [
        {"algorithm": "SHA256", "checksumValue": sha256(PACKAGE).hexdigest()}
    ]
    assert (ours["versionInfo"], ours["packageFileName"]) == ("1.2.3", f"{NAME}.zip")
    assert described["creationInfo"]["created"] == "2026-01-31T00:00:00Z"
    assert boto3["name"] == "boto3"
    assert "versionInfo" not in boto3, "Lambda's runtime decides it"


def test_two_packages_have_two_documents(described: dict[str, Any]) -> None:
    other = BytesIO()
    with ZipFile(other, "w") as archive:
        archive.writestr("one.py", "")
    document = sbom.document(other.getvalue(), "one.zip", "1.2.3", "2026-01-31")

    assert document["documentNamespace"] != described["documentNamespace"]
    assert json.dumps(document) == json.dumps(
        sbom.document(other.getvalue(), "one.zip", "1.2.3", "2026-01-31")
    )


def test_what_is_packaged_imports_nothing_else_of_others(described: dict[str, Any]) -> None:
    """The list names boto3 alone, of which botocore is a part: true as long as the modules import
    no other."""
    third_party = {package["name"] for package in described["packages"][1:]}
    imported = set()
    for path in (ROOT / "lambda" / "key_rotation").rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and len(words) > 1:
                imported.add(words[1].split(".")[0])

    ours = {"key_rotation", ""}
    ours |= {name for name in imported if name.startswith("mypy_boto3")}  # types only
    others = imported - set(sys.stdlib_module_names) - ours
    assert {"boto3" if name == "botocore" else name for name in others} == third_party
