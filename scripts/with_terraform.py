"""Runs a command that needs Terraform: `python scripts/with_terraform.py COMMAND…`.

Checks that Terraform is there and recent enough; `--check` in place of a command does only that.
Where the provider registry cannot be reached but this machine has a filesystem mirror of it,
Terraform is told to use the mirror, by a CLI configuration of our own under build/;
`TF_PLUGIN_MIRROR` names one that the search does not find. On a machine with a registry, or with a
CLI configuration that exists, nothing is changed. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build"
REGISTRY = "registry.terraform.io"
PROVIDER = f"{REGISTRY}/hashicorp/aws"
OLDEST = (1, 9)
SEARCH_DEPTH = 4  # of the folder that holds the mirror, below the root
SKIPPED = {"proc", "sys", "dev", "run", "tmp", ".terraform", "node_modules"}


def main() -> int:
    if len(sys.argv) < 2:
        print("usage: with_terraform.py COMMAND…", file=sys.stderr)
        return 2
    problem = check_terraform()
    if problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    if sys.argv[1] == "--check":
        return 0
    os.environ.setdefault("TF_IN_AUTOMATION", "1")
    os.environ.setdefault("CHECKPOINT_DISABLE", "1")
    # The provider starts anew for each plan, and spends a third of that on collecting garbage.
    os.environ.setdefault("GOGC", "off")
    os.environ.setdefault("GOMEMLIMIT", "1GiB")  # of which it is collected all the same
    config = cli_config()
    if config is not None:
        os.environ["TF_CLI_CONFIG_FILE"] = str(config)
    try:
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the caller's own
    except OSError as error:
        print(f"error: cannot run {sys.argv[1]}: {error.strerror}", file=sys.stderr)
        return 1


def check_terraform() -> str | None:
    """What is wrong with the Terraform on this machine, in one line."""
    wanted = f"Terraform {'.'.join(map(str, OLDEST))} or newer"
    if shutil.which("terraform") is None:
        return f"terraform is not on the PATH; install {wanted}"
    answer = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True)  # noqa: S607
    try:
        version = json.loads(answer.stdout)["terraform_version"]
    except (ValueError, KeyError):
        return f"`terraform version` does not work: {answer.stderr.strip() or answer.stdout}"
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return None if numbers >= OLDEST else f"terraform is {version}; install {wanted}"


def cli_config() -> Path | None:
    """A CLI configuration that uses a mirror, where one is needed and found."""
    own = os.environ.get("TF_CLI_CONFIG_FILE")
    if own and Path(own).exists():
        return None
    config = BUILD / "terraform.rc"
    mirror = named_mirror()
    if mirror is None:
        if config.exists() and "TF_PLUGIN_MIRROR" not in os.environ:
            return config
        if registry_answers():
            return None
        mirror = find_mirror(Path("/"), SEARCH_DEPTH)
        if mirror is None:
            return None
    BUILD.mkdir(exist_ok=True)
    config.write_text(
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f'    include = ["{REGISTRY}/*/*"]\n'
        "  }\n"
        "}\n"
    )
    return config


def named_mirror() -> Path | None:
    name = os.environ.get("TF_PLUGIN_MIRROR")
    if not name:
        return None
    if not (Path(name) / PROVIDER).is_dir():
        print(f"error: TF_PLUGIN_MIRROR is {name}, which has no folder {PROVIDER}", file=sys.stderr)
        sys.exit(1)
    return Path(name)


def registry_answers() -> bool:
    try:
        with socket.create_connection((REGISTRY, 443), timeout=3):
            return True
    except OSError:
        return False


def find_mirror(folder: Path, depth: int) -> Path | None:
    """The first folder, breadth first, that holds the provider as a mirror does."""
    level = [folder]
    for _ in range(depth):
        for candidate in level:
            if (candidate / PROVIDER).is_dir():
                return candidate
        level = [child for parent in level for child in _folders(parent)]
    return None


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(
            Path(entry)
            for entry in os.scandir(parent)
            if entry.is_dir(follow_symlinks=False) and entry.name not in SKIPPED
        )
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
