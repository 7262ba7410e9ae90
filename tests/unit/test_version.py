"""One version: the changelog's newest, the distribution's, and the tag that the documents name."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.version import ROOT, newest, problems, project, references

URL = "git::https://<host>/<path to this repo>.git"


def test_all_files_agree() -> None:
    assert list(problems()) == []


def test_users_are_told_a_tag_where_they_copy_from() -> None:
    named = {name for name, _ in references()}

    assert named >= {"README.md", "docs/cli.md", "docs/key-fetch.md", "modules/consumer/README.md"}
    roots = {name for name in named if name.startswith("examples/")}
    assert roots >= {f"examples/{name}/main.tf" for name in ("basic", "complete", "multi-account")}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small one whose files agree."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 1.2.3 - 2026-01-31\n\nNew.\n\n## 1.2.2 - 2026-01-01\n"
    )
    (tmp_path / "README.md").write_text(f'source = "{URL}//modules/consumer?ref=v1.2.3"\n')
    return tmp_path


def test_a_release(repository: Path) -> None:
    assert list(problems(repository, "v1.2.3")) == []
    assert (newest(repository).text, project(repository)) == ("New.", "1.2.3")


@pytest.mark.parametrize(
    ("file", "old", "new", "tag", "problem"),
    [
        ("pyproject.toml", "1.2.3", "1.2.4", None, "pyproject.toml has version 1.2.4"),
        ("README.md", "v1.2.3", "v1.2.2", None, "README.md names the tag v1.2.2"),
        (
            "README.md",
            "//modules/consumer?ref=v1.2.3",
            "@v1",
            None,
            "names the tag v1; by CHANGELOG.md it must be v1.2.3",
        ),
        ("README.md", URL, "here", None, "no file tells users how to name"),
        (
            "CHANGELOG.md",
            "1.2.3 - 2026-01-31",
            "[Unreleased]",
            None,
            "a heading `## [Unreleased]`; it must be",
        ),
        ("CHANGELOG.md", "", "", "v1.2.4", "the tag is v1.2.4; CHANGELOG.md has version 1.2.3"),
    ],
)
def test_what_disagrees_is_named(
    repository: Path, file: str, old: str, new: str, tag: str | None, problem: str
) -> None:
    text = (repository / file).read_text()
    assert old in text
    (repository / file).write_text(text.replace(old, new))

    [found] = problems(repository, tag)

    assert problem in found


def test_until_its_day_a_version_is_not_named(repository: Path) -> None:
    """Users are told the tag before it; if there is none yet, the first one that there will be."""
    changelog, readme = repository / "CHANGELOG.md", repository / "README.md"
    changelog.write_text(changelog.read_text().replace("2026-01-31", "unreleased"))

    assert list(problems(repository)) == [
        "README.md names the tag v1.2.3; by CHANGELOG.md it must be v1.2.2"
    ]
    readme.write_text(readme.read_text().replace("v1.2.3", "v1.2.2"))
    assert list(problems(repository)) == []
    assert list(problems(repository, "v1.2.3")) == [
        "CHANGELOG.md: 1.2.3 is unreleased; put the day in its heading, then tag"
    ]

    changelog.write_text("## 1.2.3 - unreleased\n")
    readme.write_text(readme.read_text().replace("v1.2.2", "v1.2.3"))
    assert list(problems(repository)) == []


def test_a_changelog_without_entries_is_refused(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text("# Changelog\n")

    assert len(list(problems(repository))) == 1


def test_hidden_and_built_files_are_no_documents(repository: Path) -> None:
    for folder in (".terraform", "build"):
        (repository / folder).mkdir()
        (repository / folder / "README.md").write_text(f'source = "{URL}?ref=v0"\n')

    assert list(references(repository)) == [("README.md", "v1.2.3")]


def test_the_root_is_this_repository() -> None:
    assert (ROOT / "lambda" / "package.zip").is_file()
