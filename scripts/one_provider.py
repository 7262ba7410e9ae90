"""Runs a command whose Terraform uses one process of the AWS provider: `one_provider.py COMMAND…`.

For plans without an account, of which `terraform test` makes a hundred: Terraform would start the
provider for each, and read its 700 MB before, to compare their hash. HashiCorp documents this way
(TF_REATTACH_PROVIDERS) for debugging a provider. One process has one configuration at a time, so it
serves nothing that runs side by side or as two roles. Where the provider is not found, or with
OpenTofu, the command runs as always. Run it within with_terraform.py, after an init.
Standard library only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROVIDER = "registry.terraform.io/hashicorp/aws"
_ATTACH = re.compile(r"TF_REATTACH_PROVIDERS='(\{.*\})'")


def main() -> int:
    if len(sys.argv) < 2:
        print("usage: one_provider.py COMMAND…", file=sys.stderr)
        return 2
    is_tofu = "tofu" in Path(os.environ.get("TF", "")).name
    binary = None if is_tofu else installed(Path(os.environ.get("TF_DATA_DIR", ".terraform")))
    if binary is None:
        return subprocess.run(sys.argv[1:]).returncode  # noqa: S603 - the command is the caller's own
    with started(binary) as attach:
        environment = os.environ | {"TF_REATTACH_PROVIDERS": attach}
        return subprocess.run(sys.argv[1:], env=environment).returncode  # noqa: S603


def installed(data: Path) -> Path | None:
    """The provider's program, as an init has left it."""
    found = sorted((data / "providers" / PROVIDER).glob("*/*/terraform-provider-aws*"))
    return found[-1] if found else None


@contextmanager
def started(binary: Path) -> Iterator[str]:
    """What attaches Terraform to it. Raises RuntimeError if the provider says something else."""
    # With a bundle of certificates it can be configured once only.
    environment = {name: text for name, text in os.environ.items() if name != "AWS_CA_BUNDLE"}
    with subprocess.Popen(  # noqa: S603 - what terraform init has installed
        [binary, "-debug"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as provider:
        try:
            attach = next(filter(None, map(_ATTACH.search, provider.stdout or ())), None)
            if attach is None:
                raise RuntimeError(f"{binary} -debug has not said how to attach to it")
            yield attach[1]
        finally:
            provider.kill()


if __name__ == "__main__":
    sys.exit(main())
