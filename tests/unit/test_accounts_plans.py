"""From a plan to its apply, in another checkout: what is carried, what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from key_rotation_accounts import inputs
from key_rotation_accounts.account_map import RefusalError, read_map
from key_rotation_accounts.accounts import Accounts
from key_rotation_accounts.artefact import Artefact
from key_rotation_accounts.outcome import Outcome, Result
from key_rotation_accounts.terraform import Terraform

from .fake_terraform import ACCOUNTS, FakeTerraform


class Job:
    """A job on a machine of its own, which has a checkout of the root module."""

    def __init__(self, fake: FakeTerraform, folder: Path, out: Path) -> None:
        self.folder, self.out, self.told = folder, out, list[str]()
        self._fake = fake

    @property
    def accounts(self) -> Accounts:
        terraform = Terraform(self.folder, self._fake.environment)
        return Accounts(read_map(self.folder), terraform, 2, self.told.append)

    def plan(
        self, *only: str, destroy: bool = False, read_only: bool = False
    ) -> dict[str, Outcome]:
        names = self.accounts.map.chosen(",".join(only) if only else None)
        out = Artefact(self.out)
        return by_name(self.accounts.plan(names, out, destroy=destroy, read_only=read_only))

    def apply(self, *only: str) -> dict[str, Outcome]:
        return by_name(self.accounts.apply(only or None, Artefact(self.out))[1])


def by_name(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    return {outcome.account: outcome for outcome in outcomes}


@pytest.fixture
def fake(tmp_path: Path) -> FakeTerraform:
    """shop has a change, security none, and no plan of data is possible."""
    fake = FakeTerraform(tmp_path)
    module = fake.module / "modules" / "rotation"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(
        'package = "${path.module}/lambda/package.zip"\n'
        'sources = fileset("${path.module}/lambda/code", "*.py")\n'
    )
    (module / "lambda" / "code" / "__pycache__").mkdir(parents=True)
    (module / "lambda" / "code" / "handler.py").write_text("1")
    (module / "lambda" / "package.zip").write_bytes(b"zip")
    (module / "README.md").write_text("no input")
    listing = fake.module / ".terraform" / "modules" / "modules.json"
    listing.parent.mkdir(parents=True)
    listing.write_text('{"Modules": [{"Key": "", "Dir": "."}, {"Dir": "modules/rotation"}]}')
    fake.plans("shop", "aws_sns_topic.this")
    fake.plans("data", problem="no such role")
    return fake


@pytest.fixture
def planned(fake: FakeTerraform, tmp_path: Path) -> Job:
    job = Job(fake, fake.module, tmp_path / "out")
    job.plan()
    fake.forget_calls()
    return job


@pytest.fixture
def elsewhere(planned: Job, fake: FakeTerraform, tmp_path: Path) -> Job:
    """A fresh checkout, without a lock file, and the artefact."""
    shutil.copytree(planned.folder, tmp_path / "checkout")
    (tmp_path / "checkout" / ".terraform.lock.hcl").unlink()
    shutil.copytree(planned.out, tmp_path / "artefact")
    return Job(fake, tmp_path / "checkout", tmp_path / "artefact")


def test_a_plan_tells_failed_from_no_change_and_keeps_only_what_can_be_applied(
    fake: FakeTerraform, tmp_path: Path
) -> None:
    job = Job(fake, fake.module, tmp_path / "out")

    outcomes = job.plan()

    assert {name: str(outcome.result) for name, outcome in outcomes.items()} == {
        "security": "no change", "data": "failed", "shop": "planned",
    }  # fmt: skip
    assert outcomes["data"].why == "no such role"
    assert outcomes["shop"].numbers == (0, 1, 0)
    assert sorted(file.name for file in job.out.iterdir()) == [
        ".gitignore", "data.txt", "plans.json", "plans.md",
        "security.txt", "shop.tfplan", "shop.txt", "terraform.lock.hcl",
    ]  # fmt: skip
    assert (job.out / "shop.txt").read_text() == "# aws_sns_topic.this will change\n"
    assert (job.out / "data.txt").read_text() == "no such role\n"
    assert job.out.stat().st_mode & 0o777 == 0o700


def test_a_workspace_is_made_once_and_none_stays_selected(
    fake: FakeTerraform, tmp_path: Path
) -> None:
    fake.write("workspaces", "* default\n  security\n  sold\n")
    job = Job(fake, fake.module, tmp_path / "out")

    job.plan()

    made = [line for line in fake.command_lines if line.startswith("- workspace")]
    assert made == [
        "- workspace list", "- workspace new data", "- workspace new shop",
        "- workspace select default",
    ]  # fmt: skip
    assert [text for text in job.told if "sold" in text] == [
        f"warning: there is a workspace sold, and no such account in {job.accounts.map.file}. If "
        "its installation still exists, put the account back and destroy it; then `terraform "
        "workspace delete sold`"
    ]


def test_a_plan_that_only_reads_makes_and_locks_nothing_and_cannot_be_applied(
    fake: FakeTerraform, tmp_path: Path
) -> None:
    fake.write("workspaces", "* default\n  security\n  shop\n")
    job = Job(fake, fake.module, tmp_path / "out")

    outcomes = job.plan(read_only=True)

    assert {name: str(outcome.result) for name, outcome in outcomes.items()} == {
        "security": "no change", "data": "new", "shop": "planned",
    }  # fmt: skip
    calls = fake.command_lines
    assert [line for line in calls if "workspace" in line] == ["- workspace list"]
    plans = [line for line in calls if " plan " in line]
    assert [line.split()[0] for line in plans] == ["security", "shop"]
    assert all("-lock=false" in line and "-lock-timeout" not in line for line in plans)
    assert sorted(file.name for file in job.out.iterdir()) == [
        ".gitignore", "data.txt", "plans.json", "plans.md", "security.txt", "shop.txt",
    ]  # fmt: skip
    page = (job.out / "plans.md").read_text()
    assert "new: no workspace, and so no plan yet" in page
    assert "<summary>data: new</summary>" in page
    assert "<summary>shop: 0 to add, 1 to change, 0 to destroy</summary>" in page
    with pytest.raises(RefusalError, match="of one with --read-only"):
        job.apply()


def test_the_page_shows_each_plan_once_and_says_where_it_is_the_same(
    fake: FakeTerraform, tmp_path: Path
) -> None:
    for name in ("security", "shop"):
        fake.plans(name, "aws_x.y", text=f"of {ACCOUNTS[name]}: ```")
    job = Job(fake, fake.module, tmp_path / "out")

    job.plan()

    page = (job.out / "plans.md").read_text()
    assert page.count("<details>") == 2
    assert "<summary>security, shop: 0 to add, 1 to change, 0 to destroy</summary>" in page
    assert "The same in all of these; here security.\n\n````\nof 111122223333: ```\n````" in page
    assert "<summary>data: failed</summary>\n\n```\nno such role\n```" in page


def test_a_long_page_is_cut_so_that_a_comment_takes_it(fake: FakeTerraform, tmp_path: Path) -> None:
    for name, lines in {"security": 2_500, "shop": 9_000}.items():
        fake.plans(name, "aws_x.y", text=f"{name} ü\n" * lines)
    job = Job(fake, fake.module, tmp_path / "out")

    job.plan()

    page = (job.out / "plans.md").read_text()
    assert 55_000 < len(page) < 65_536
    assert "… cut: the artefact has all of it, in shop.txt" in page
    assert "data: failed" in page
    assert len((job.out / "shop.txt").read_text()) > 60_000


def test_a_plan_that_is_cut_begins_with_all_changes(fake: FakeTerraform, tmp_path: Path) -> None:
    change = {"resource": {"addr": "aws_a.made"}, "action": "create"}
    said = [{"type": "planned_change", "change": change}]
    fake.plans("shop", "aws_x.y", action="delete", said=said, text="# a line\n" * 9_000)
    job = Job(fake, fake.module, tmp_path / "out")

    job.plan()

    page = (job.out / "plans.md").read_text()
    assert "```\nAll 2 changes:\ndelete aws_x.y\ncreate aws_a.made\n\n# a line\n" in page
    assert 55_000 < len(page) < 65_536


def test_a_plan_that_failed_has_no_numbers_though_it_read_data(
    fake: FakeTerraform, tmp_path: Path
) -> None:
    read = {"type": "apply_start", "hook": {"action": "read", "resource": {"addr": "data.x.y"}}}
    fake.plans("shop", "aws_x.y", said=[read], problem="no such field")

    outcome = Job(fake, fake.module, tmp_path / "out").plan("shop")["shop"]

    assert outcome.numbers is None


def test_warnings_are_part_of_the_plan(fake: FakeTerraform, tmp_path: Path) -> None:
    warning = {"severity": "warning", "summary": "Deprecated", "detail": "use\nthat"}
    said = [{"type": "diagnostic", "diagnostic": warning}] * 2
    fake.plans("shop", "aws_x.y", said=said, text="# the plan")
    job = Job(fake, fake.module, tmp_path / "out")

    job.plan("shop")

    assert (job.out / "shop.txt").read_text() == "Warning: Deprecated: use that\n# the plan\n"


def test_a_warning_is_shown_without_a_change(fake: FakeTerraform, tmp_path: Path) -> None:
    warning = {"severity": "warning", "summary": "Value for undeclared variable", "detail": "role"}
    fake.plans("security", said=[{"type": "diagnostic", "diagnostic": warning}])
    job = Job(fake, fake.module, tmp_path / "out")

    job.plan()

    page = (job.out / "plans.md").read_text()
    assert "<summary>security: no change, with a warning</summary>" in page
    assert "Warning: Value for undeclared variable: role" in page


def test_a_change_of_outputs_alone_is_no_no_change(fake: FakeTerraform, tmp_path: Path) -> None:
    fake.write("security.plan.status", "2")

    outcome = Job(fake, fake.module, tmp_path / "out").plan("security")["security"]

    assert outcome.row()[2:] == ("0", "0", "0", "planned: outputs only")


def test_a_folder_with_other_files_is_left_alone(fake: FakeTerraform, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "shop.txt").write_text("mine")

    with pytest.raises(RefusalError, match="has files that are no plans: name an empty or new"):
        Job(fake, fake.module, out).plan()
    assert (out / "shop.txt").read_text() == "mine"


def test_a_new_plan_leaves_nothing_of_the_one_before(planned: Job) -> None:
    planned.plan("security")

    assert sorted(file.name for file in planned.out.iterdir()) == [
        ".gitignore", "plans.json", "plans.md", "security.txt", "terraform.lock.hcl",
    ]  # fmt: skip


def test_another_checkout_applies_what_was_planned_and_nothing_else(
    elsewhere: Job, fake: FakeTerraform
) -> None:
    outcomes = elsewhere.apply()

    assert fake.calls == ["- version", "- init", "- workspace", "shop apply"]
    assert fake.command_lines[-1].endswith(f" {elsewhere.out}/shop.tfplan")
    assert {name: str(outcome.result) for name, outcome in outcomes.items()} == {
        "security": "no change", "data": "failed", "shop": "applied",
    }  # fmt: skip
    assert outcomes["data"].why == "not applied, since its plan failed: no such role"
    assert not (elsewhere.out / "shop.tfplan").exists()


def test_the_providers_of_the_plan_are_carried(elsewhere: Job) -> None:
    elsewhere.apply()

    carried = (elsewhere.folder / ".terraform.lock.hcl").read_text()
    assert carried == (elsewhere.out / "terraform.lock.hcl").read_text() == "providers\n"


def test_an_apply_that_fails_says_so_and_spends_its_plan(
    elsewhere: Job, fake: FakeTerraform
) -> None:
    fake.applies("shop", problem="Saved plan is stale")

    outcome = elsewhere.apply("shop")["shop"]

    assert (outcome.result, outcome.why) == (Result.FAILED, "Saved plan is stale")
    with pytest.raises(RefusalError, match="the plan of shop was used already: run plan again"):
        elsewhere.apply()


Change = Callable[[Job, FakeTerraform], object]


def edit(name: str, text: str = "other") -> Change:
    return lambda job, _fake: (job.folder / name).write_text(text)


def edit_artefact(name: str, text: str = "other") -> Change:
    return lambda job, _fake: (job.out / name).write_text(text)


REFUSED: list[tuple[str, Change, str]] = [
    ("main.tf", edit("main.tf"), r"is not what was planned \(made .*\n  main.tf has changed$"),
    ("file", edit("new.tf"), r"run plan again:\n  new.tf is new$"),
    ("gone", lambda job, _: (job.folder / "main.tf").unlink(), r"  main.tf is gone$"),
    ("module", edit("modules/rotation/main.tf", "x"), r"\n  modules/rotation/main.tf has changed"),
    ("code", edit("modules/rotation/lambda/code/handler.py"), r"code/handler.py has changed$"),
    ("package", edit("modules/rotation/lambda/package.zip"), r"rotation/lambda/package.zip has ch"),
    (
        "map",
        lambda job, _: edit_map(job.folder),
        r"again:\n  accounts.auto.tfvars.json has changed\n  a.tf is new$",
    ),
    ("providers", edit(".terraform.lock.hcl"), r"lock.hcl differs from that of the plans"),
    (
        "no providers",
        lambda job, _: (job.out / "terraform.lock.hcl").unlink(),
        r"terraform.lock.hcl is missing: run plan again, and carry its whole folder",
    ),
    ("no plans", lambda job, _: (job.out / "plans.json").unlink(), "is not there: run plan first"),
    ("unended", edit_artefact("plans.json", "{}\n"), "is of a plan that did not end"),
    ("cut off", edit_artefact("plans.json", "{"), "is of a plan that did not end"),
    ("no plan", lambda job, _: (job.out / "shop.tfplan").unlink(), "shop.tfplan is missing: run"),
    ("plan", edit_artefact("shop.tfplan"), "shop.tfplan is not the plan that was made: run plan"),
    (
        "version",
        lambda _, fake: fake.write("version", "Terraform v1.12.0\n"),
        "made with Terraform 1.11.4, and this is Terraform 1.12.0: use that one, or run plan again",
    ),
    (
        "product",
        lambda _, fake: fake.write("version", "OpenTofu v1.11.4\n"),
        "made with Terraform 1.11.4, and this is OpenTofu 1.11.4",
    ),
    (
        "states",
        lambda _, fake: fake.write("workspaces", "* default\n"),
        "the state of shop is not here: .* Keep the states in a backend that both share",
    ),
]


def edit_map(folder: Path) -> None:
    file = folder / "accounts.auto.tfvars.json"
    settings = json.loads(file.read_text())
    settings["accounts"]["shop"]["max_key_age_days"] = 30
    file.write_text(json.dumps(settings))
    (folder / "a.tf").write_text("other")


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_nothing_is_applied_that_is_not_what_was_planned(
    elsewhere: Job, fake: FakeTerraform, change: Change, message: str
) -> None:
    fake.forget_calls()
    change(elsewhere, fake)

    with pytest.raises(RefusalError, match=message):
        elsewhere.apply()
    assert [call for call in fake.calls if "apply" in call] == []


def test_an_account_that_was_not_planned_is_refused(planned: Job) -> None:
    planned.plan("security")

    with pytest.raises(RefusalError, match=r"shop was not planned \(made .*\): plan it, too"):
        planned.apply("security", "shop")


def test_what_is_no_input_may_differ(elsewhere: Job) -> None:
    module = elsewhere.folder / "modules" / "rotation"
    for folder in (elsewhere.folder, module):
        (folder / "README.md").write_text("other")
    (module / "lambda" / "code" / "__pycache__" / "handler.pyc").write_text("other")

    assert elsewhere.apply()["shop"].result is Result.APPLIED


def test_the_inputs_of_the_example_are_those_of_the_module_too(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    listing = tmp_path / "modules" / "modules.json"
    listing.parent.mkdir()
    listing.write_text('{"Modules": [{"Dir": "."}, {"Dir": "../.."}]}')

    found = inputs.hashes(root / "examples" / "multi-account", tmp_path)

    expected = {
        "accounts.auto.tfvars.json", "main.tf", "../../iam.tf", "../../dashboard.json.tftpl",
        "../../lambda/package.zip", "../../lambda/package.sources.sha256",
        "../../lambda/key_rotation/handler.py",
    }  # fmt: skip
    assert expected <= set(found)
    assert [name for name in found if "__pycache__" in name or ".terraform" in name] == []
