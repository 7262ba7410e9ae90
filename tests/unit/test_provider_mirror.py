"""`make provider-mirror`: one version of the provider becomes a mirror that init can link to.

The program is a stand-in, since the registry is out of reach here. What it writes is the layout
that `terraform providers mirror` documents.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = f"""#!{sys.executable}
import json, pathlib, sys, zipfile
chdir, *command, folder = sys.argv[1:]
root = pathlib.Path(chdir.removeprefix("-chdir="))
wanted = json.loads((root / "versions.tf.json").read_text())["terraform"]["required_providers"]
assert command == ["providers", "mirror"], command
if wanted["aws"]["version"] == "~> 9.0":
    sys.exit("no version of hashicorp/aws fits")
provider = pathlib.Path(folder, "REGISTRY", wanted["aws"]["source"])
provider.mkdir(parents=True)
(provider / "index.json").write_text("{{}}")
if wanted["aws"]["version"] != "none":
    with zipfile.ZipFile(provider / "terraform-provider-aws_5.80.0_linux_amd64.zip", "w") as zipped:
        entry = zipfile.ZipInfo("terraform-provider-aws_v5.80.0_x5")
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, "the provider")
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with `terraform` and `tofu`, which have a registry each."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, registry in (
        ("terraform", "registry.terraform.io"),
        ("tofu", "registry.opentofu.org"),
    ):
        (folder / name).write_text(PROGRAM.replace("REGISTRY", registry))
        (folder / name).chmod(0o755)
    return folder


def mirror(
    constraint: str, folder: Path, programs: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "TF"}
    return subprocess.run(
        [sys.executable, "-m", "scripts.provider_mirror", constraint, str(folder)],
        cwd=ROOT,
        env=kept | {"PATH": str(programs)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "registry"),
    [({}, "registry.terraform.io"), ({"TF": "tofu"}, "registry.opentofu.org")],
)
def test_the_provider_lies_where_init_links_to_it(
    environment: dict[str, str], registry: str, programs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mirror"
    (folder / "registry.terraform.io" / "old").mkdir(parents=True)

    done = mirror("5.80.0", folder, programs, **environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{registry}/hashicorp/aws 5.80.0 is in {folder}\n"
    provider = folder / registry / "hashicorp" / "aws"
    binary = provider / "5.80.0" / "linux_amd64" / "terraform-provider-aws_v5.80.0_x5"
    assert binary.read_text() == "the provider"
    assert os.access(binary, os.X_OK)
    assert sorted(path.name for path in folder.iterdir()) == [registry], "nothing old, no root"
    assert list(folder.rglob("*.zip")) == []


def test_tofu_serves_where_there_is_no_terraform(programs: Path, tmp_path: Path) -> None:
    (programs / "terraform").unlink()

    done = mirror("5.80.0", tmp_path / "mirror", programs)

    assert (done.returncode, done.stdout.split()[0]) == (0, "registry.opentofu.org/hashicorp/aws")


@pytest.mark.parametrize(
    ("constraint", "environment", "said"),
    [
        (
            "~> 9.0",
            {},
            "`terraform providers mirror` has failed:\nno version of hashicorp/aws fits",
        ),
        ("none", {}, "has downloaded nothing for hashicorp/aws none"),
        ("5.80.0", {"TF": "/nowhere/tofu"}, "cannot run /nowhere/tofu: No such file or directory"),
    ],
)
def test_what_went_wrong_is_said(
    constraint: str, environment: dict[str, str], said: str, programs: Path, tmp_path: Path
) -> None:
    done = mirror(constraint, tmp_path / "mirror", programs, **environment)

    assert done.returncode == 1
    assert f"{said}\n" in done.stderr


def test_a_missing_constraint_is_a_usage_error(programs: Path, tmp_path: Path) -> None:
    assert mirror("", tmp_path / "mirror", programs).returncode == 2
