"""Runs a command that needs Terraform or OpenTofu: `python scripts/with_terraform.py COMMAND…`.

`TF` names the program; otherwise it is `terraform`, or `tofu` where there is no `terraform`. The
command gets the choice as `TF`; `terraform` as its first word stands for the chosen program. It
must be there and recent enough; `--check` in place of a command does only that.

Where the provider registry cannot be reached but this machine has a filesystem mirror of it,
the program is told to use the mirror, by a CLI configuration of our own under build/;
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
OLDEST = (1, 9)  # of both: with it, a variable's validation may name other variables
SEARCH_DEPTH = 4  # of the folder that holds the mirror, below the root
SKIPPED = {"proc", "sys", "dev", "run", "tmp", ".terraform", "node_modules"}


def main() -> int:
    if len(sys.argv) < 2:
        print("usage: with_terraform.py COMMAND…", file=sys.stderr)
        return 2
    chosen = program()
    problem = check_program(chosen)
    if problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    command = sys.argv[1:]
    if command[0] == "--check":
        return 0
    if command[0] == "terraform":
        command[0] = chosen
    os.environ["TF"] = chosen
    os.environ.setdefault("TF_IN_AUTOMATION", "1")
    os.environ.setdefault("CHECKPOINT_DISABLE", "1")
    # The provider starts anew for each plan, and spends a third of that on collecting garbage.
    os.environ.setdefault("GOGC", "off")
    os.environ.setdefault("GOMEMLIMIT", "1GiB")  # of which it is collected all the same
    config = cli_config(registry_of(chosen))
    if config is not None:
        os.environ["TF_CLI_CONFIG_FILE"] = str(config)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the command is the caller's own
    except OSError as error:
        print(f"error: cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return 1


def program() -> str:
    """`TF`, or the first of `terraform` and `tofu` that is on the PATH; `terraform` without any."""
    named = os.environ.get("TF")
    return named or next(filter(shutil.which, ("terraform", "tofu")), "terraform")


def check_program(name: str) -> str | None:
    """What is wrong with it on this machine, in one line."""
    oldest = ".".join(map(str, OLDEST))
    wanted = f"Terraform or OpenTofu {oldest} or newer"
    if shutil.which(name) is None:
        if os.environ.get("TF"):
            return f"TF is {name}, which is not on the PATH; install {wanted}"
        return f"neither terraform nor tofu is on the PATH; install {wanted}"
    answer = subprocess.run([name, "version", "-json"], capture_output=True, text=True)  # noqa: S603
    try:
        version = json.loads(answer.stdout)["terraform_version"]
    except (ValueError, KeyError):
        return f"`{name} version` does not work: {answer.stderr.strip() or answer.stdout}"
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return None if numbers >= OLDEST else f"{name} is {version}; install {wanted}"


def registry_of(name: str) -> str:
    """Where it takes `hashicorp/aws` from, which is also the folder in a mirror."""
    return "registry.opentofu.org" if "tofu" in Path(name).name else "registry.terraform.io"


def cli_config(registry: str) -> Path | None:
    """A CLI configuration that uses a mirror, where one is needed and found."""
    own = os.environ.get("TF_CLI_CONFIG_FILE")
    if own and Path(own).exists():
        return None
    config = BUILD / f"{registry}.rc"
    provider = f"{registry}/hashicorp/aws"
    mirror = named_mirror(provider)
    if mirror is None:
        if config.exists() and "TF_PLUGIN_MIRROR" not in os.environ:
            return config
        if registry_answers(registry):
            return None
        mirror = find_mirror(Path("/"), provider, SEARCH_DEPTH)
        if mirror is None:
            return None
    BUILD.mkdir(exist_ok=True)
    config.write_text(
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f'    include = ["{registry}/*/*"]\n'
        "  }\n"
        "}\n"
    )
    return config


def named_mirror(provider: str) -> Path | None:
    name = os.environ.get("TF_PLUGIN_MIRROR")
    if not name:
        return None
    if not (Path(name) / provider).is_dir():
        print(f"error: TF_PLUGIN_MIRROR is {name}, which has no folder {provider}", file=sys.stderr)
        sys.exit(1)
    return Path(name)


def registry_answers(registry: str) -> bool:
    try:
        with socket.create_connection((registry, 443), timeout=3):
            return True
    except OSError:
        return False


def find_mirror(folder: Path, provider: str, depth: int) -> Path | None:
    """The first folder, breadth first, that holds the provider as a mirror does."""
    level = [folder]
    for _ in range(depth):
        for candidate in level:
            if (candidate / provider).is_dir():
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
