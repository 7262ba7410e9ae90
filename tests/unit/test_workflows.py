"""What GitHub runs: valid by its published schemas, pinned, with few rights, and only `make`.

The schemas are those that check-jsonschema brings along; nothing is downloaded. `make lint` has
zizmor read the same files. GitHub itself has run none of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.workflows import ACTIONS, EXAMPLES, GITHUB, OURS, ROOT, Use, load, steps, uses

WORKFLOWS = [*OURS, *EXAMPLES]
FORMS = sorted(
    set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"}
)
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.github-actions": ACTIONS,
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
}
# A word of each file that its schema must miss.
MISSPELT = {
    "vendor.github-workflows": ("runs-on:", "run-on:"),
    "custom.github-workflows-require-timeout": ("timeout-minutes:", "# timeout-minutes:"),
    "vendor.github-actions": ("using:", "use:"),
    "vendor.dependabot": ("interval: weekly", "interval: fortnightly"),
    "vendor.github-issue-forms": ("body:", "bodies:"),
    "vendor.github-issue-config": ("blank_issues_enabled:", "blank_issue:"),
}
PINNED = [*WORKFLOWS, *ACTIONS]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
MATRIX = load(GITHUB / "workflows" / "checks.yml")["jobs"]["test"]["strategy"]["matrix"]["include"]
VERSIONS = (ROOT / "versions.tf").read_text()


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _refused(schema: str, files: list[Path]) -> set[str]:
    """Those of the files that the schema refuses."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema", "--output-format", "json"),
            *("--builtin-schema", schema, *map(str, files)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report.get("parse_errors", []) == []
    return {error["filename"] for error in report.get("errors", [])}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_file_is_valid_and_a_slip_is_seen(schema: str, tmp_path: Path) -> None:
    right, wrong = MISSPELT[schema]
    files = SCHEMAS[schema]
    copies = []
    for number, file in enumerate(files):
        assert right in file.read_text(), _name(file)
        copies.append(tmp_path / f"{number}.yml")
        copies[-1].write_text(file.read_text().replace(right, wrong))

    assert files
    assert _refused(schema, [*files, *copies]) == {str(copy) for copy in copies}


def test_no_file_of_github_is_without_a_schema() -> None:
    held = {file for files in SCHEMAS.values() for file in files}
    found = {*GITHUB.rglob("*.yml"), *GITHUB.rglob("*.yaml")}

    assert found - held == {GITHUB / "zizmor.yml"}, "zizmor refuses a wrong one itself"
    assert {_name(file) for file in EXAMPLES} >= {
        "examples/delivery/github-actions/deploy.yml",
        "examples/multi-account/workflow.yml",
    }


@pytest.mark.parametrize("file", [pytest.param(file, id=_name(file)) for file in PINNED])
def test_each_action_is_pinned_to_a_commit(file: Path) -> None:
    found = list(uses(file.read_text()))

    assert len(found) == len([step for step in steps(file) if _of_others(step.get("uses", "./"))])
    assert [use for use in found if not _pinned(use)] == []


def _of_others(used: str) -> bool:
    return not used.startswith("./")


def _pinned(use: Use) -> bool:
    """By a whole commit, with the version beside it, which Dependabot keeps up to date."""
    return bool(
        re.fullmatch(r"[0-9a-f]{40}", use.ref) and re.fullmatch(r"v\d+\.\d+\.\d+", use.comment)
    )


@pytest.mark.parametrize(
    "line",
    [
        "- uses: actions/checkout@v7",
        "- uses: actions/checkout@3d3c42e # v7.0.1",
        "- uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
        "- uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7",
        "  uses: actions/checkout",
    ],
)
def test_any_other_pin_is_seen(line: str) -> None:
    [use] = uses(line)

    assert not _pinned(use)


def test_one_action_has_one_version() -> None:
    """Dependabot does not look into the examples: whoever moves a pin moves it there, too."""
    pins: dict[str, set[tuple[str, str]]] = {}
    for file in PINNED:
        for use in uses(file.read_text()):
            pins.setdefault(use.action, set()).add((use.ref, use.comment))

    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("file", [pytest.param(file, id=_name(file)) for file in OURS])
def test_what_a_workflow_may_and_for_how_long(file: Path) -> None:
    workflow = load(file)

    assert workflow["permissions"] == {}, "each job names its own"
    assert workflow["concurrency"]["group"] == f"{file.stem}-${{{{ github.ref }}}}"
    for name, job in workflow["jobs"].items():
        assert "permissions" in job, name
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        if writes:
            assert writes == {"attestations", "contents", "id-token"}, name
            assert (file.stem, job["environment"]) == ("release", "release")
            assert not any("checkout" in step.get("uses", "") for step in job["steps"]), (
                "a job that may write runs no code of the repository"
            )


@pytest.mark.parametrize("file", [pytest.param(file, id=_name(file)) for file in WORKFLOWS])
def test_a_checkout_keeps_no_token(file: Path) -> None:
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("file", [pytest.param(file, id=_name(file)) for file in [*OURS, *ACTIONS]])
def test_a_step_calls_make_or_the_pipeline(file: Path) -> None:
    """So that everybody can run on their own machine what GitHub runs. `gh` drafts the release."""
    for step in steps(file):
        for line in step.get("run", "").splitlines():
            target = re.match(r"make ([a-z-]+)( [A-Z]+=\"\$[A-Z_]+\")?$", line)
            if target:
                assert target[1] in TARGETS, line
            else:
                assert line == ".ci/run" or step["name"] == "Draft the release", line


def test_the_checks_are_those_of_the_pipeline() -> None:
    """`.ci/run` is `make test`. The other job does a part of it, with provider 6."""
    [pipeline] = [
        line for line in (ROOT / ".ci" / "run").read_text().splitlines() if "exec" in line
    ]
    parts = re.search(r"^TESTS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    checks = load(GITHUB / "workflows" / "checks.yml")["jobs"]
    run = {name: [s["run"] for s in job["steps"] if "run" in s] for name, job in checks.items()}

    assert pipeline == "exec make test"
    assert parts is not None
    assert run["test"] == [".ci/run"]
    assert {line.removeprefix("make ") for line in run["provider-6"]} <= set(parts[1].split())


def test_a_release_is_checked_first() -> None:
    jobs = load(GITHUB / "workflows" / "release.yml")["jobs"]

    assert jobs["checks"]["uses"] == "./.github/workflows/checks.yml"
    assert (jobs["files"]["needs"], jobs["publish"]["needs"]) == ("checks", "files")
    [made] = [step["run"] for step in jobs["files"]["steps"] if "run" in step]
    assert made == 'make release TAG="$GITHUB_REF_NAME"'


def _oldest(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


def test_the_matrix_begins_at_the_oldest_that_the_module_admits() -> None:
    [required] = re.findall(r'required_version = ">= ([\d.]+)"', VERSIONS)
    [provider] = re.findall(r'^ +version = ">= ([\d.]+)"', VERSIONS, re.MULTILINE)
    [oldest] = [row for row in MATRIX if row["name"] == "oldest"]

    assert oldest["terraform"].startswith(f"{required}.")
    assert oldest["provider"] == f"{provider}.0"
    assert f'requires-python = ">={oldest["python"]}"' in (ROOT / "pyproject.toml").read_text()


def test_the_matrix_has_the_newest_too() -> None:
    rows = {row["name"]: row for row in MATRIX}
    [provider] = re.findall(r'^ +version = ">= ([\d.]+)"', VERSIONS, re.MULTILINE)

    assert set(rows) == {"oldest", "latest", "OpenTofu"}
    assert {row["provider"] for row in MATRIX} == {f"{provider}.0", f"~> {provider}"}
    assert [bool(row["terraform"]) for row in MATRIX] == [not row["tofu"] for row in MATRIX]
    other = load(GITHUB / "workflows" / "checks.yml")["jobs"]["provider-6"]["steps"]
    [constraint] = [
        step["with"]["provider"] for step in other if "provider" in step.get("with", {})
    ]
    assert constraint == "~> 6.0"
    assert _oldest(constraint) > _oldest(provider)


def test_every_row_of_the_matrix_has_what_the_job_reads() -> None:
    text = (GITHUB / "workflows" / "checks.yml").read_text()
    read = set(re.findall(r"matrix\.(\w+)", text))

    assert read
    for row in MATRIX:
        assert set(row) == read


def test_the_set_up_hands_every_input_on() -> None:
    [action] = ACTIONS
    inputs = set(load(action)["inputs"])
    text = action.read_text()

    assert {name for name in inputs if f"inputs.{name}" not in text} == set()
    for workflow in OURS:
        for step in steps(workflow):
            if step.get("uses") == "./.github/actions/setup":
                required = {
                    name for name in inputs if "default" not in load(action)["inputs"][name]
                }
                assert required <= set(step["with"]) <= inputs


def test_the_owners_are_nobody_made_up() -> None:
    """No name of a team that may be somebody's: a maintainer has to put theirs."""
    lines = (GITHUB / "CODEOWNERS").read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]

    assert rules
    for path, *owners in rules:
        assert path == "*" or (ROOT / path.strip("/")).exists()
        assert owners == ["@<organization>/<team>"] or all(
            re.fullmatch(r"@[\w-]+/[\w-]+", owner) for owner in owners
        )


def test_dependabot_looks_where_something_is_pinned() -> None:
    updates = {
        each["package-ecosystem"]: each for each in load(GITHUB / "dependabot.yml")["updates"]
    }
    folders = {
        name: set(each.get("directories", [each.get("directory")]))
        for name, each in updates.items()
    }

    assert set(updates) == {"github-actions", "pip", "npm", "terraform"}
    assert folders["github-actions"] == {
        "/",
        *(f"/{_name(action.parent)}" for action in ACTIONS),
    }
    for name in ("pip", "npm", "terraform"):
        for folder in folders[name]:
            assert list(ROOT.glob(folder.strip("/") or "*")), folder
    for each in updates.values():
        assert int(each["cooldown"]["default-days"]) >= 7
