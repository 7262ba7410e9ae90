"""Downloads one version of the AWS provider, for every init to use.

    python -m scripts.provider_mirror '~> 5.80' FOLDER

The newest version that fits the constraint becomes a filesystem mirror: name the folder in
TF_PLUGIN_MIRROR. The mirror is unpacked, so that an init links to it and copies nothing. Standard
library only.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from scripts.with_terraform import program

PROVIDER = "hashicorp/aws"


def main() -> int:
    if len(sys.argv) != 3 or not sys.argv[1]:
        print(
            "usage: python -m scripts.provider_mirror CONSTRAINT FOLDER, such as '~> 5.80'",
            file=sys.stderr,
        )
        return 2
    constraint, folder = sys.argv[1], Path(sys.argv[2]).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    problem = download(constraint, folder)
    if problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    for path in sorted(folder.rglob("*.zip")):
        print(f"{path.parent.relative_to(folder)} {unpack(path)} is in {folder}")
    return 0


def download(constraint: str, folder: Path) -> str | None:
    """Fills the folder with the zip of each provider. Returns what went wrong."""
    chosen = program()
    root = folder / "root"
    root.mkdir()
    required = {"aws": {"source": PROVIDER, "version": constraint}}
    text = json.dumps({"terraform": {"required_providers": required}})
    (root / "versions.tf.json").write_text(text)
    try:
        done = subprocess.run(  # noqa: S603 - the program is the caller's own
            [chosen, f"-chdir={root}", "providers", "mirror", str(folder)],
            capture_output=True,
            text=True,
        )
    except OSError as error:
        return f"cannot run {chosen}: {error.strerror}"
    shutil.rmtree(root)
    if done.returncode != 0:
        return f"`{chosen} providers mirror` has failed:\n{done.stderr.strip() or done.stdout}"
    if not list(folder.rglob("*.zip")):
        return f"`{chosen} providers mirror` has downloaded nothing for {PROVIDER} {constraint}"
    return None


def unpack(path: Path) -> str:
    """Replaces terraform-provider-NAME_VERSION_OS_ARCH.zip by VERSION/OS_ARCH/. Returns VERSION.

    Both are layouts of a filesystem mirror; Terraform links to what is in the second.
    """
    _, version, platform = path.stem.split("_", 2)
    target = path.parent / version / platform
    with ZipFile(path) as archive:
        archive.extractall(target)
        for entry in archive.infolist():
            mode = entry.external_attr >> 16 & 0o777
            (target / entry.filename).chmod(mode or 0o755)
    path.unlink()
    return version


if __name__ == "__main__":
    sys.exit(main())
