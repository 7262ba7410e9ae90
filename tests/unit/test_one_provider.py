"""scripts/one_provider.py, with programs that stand in for the provider and for the command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from scripts.one_provider import PROVIDER

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/one_provider.py"
ATTACH = '{"registry.terraform.io/hashicorp/aws":{"Protocol":"grpc"}}'
SAYS = f"""#!/bin/sh
echo $$ >"$0.pid"
echo "$1 ${{AWS_CA_BUNDLE-no bundle}}" >"$0.began"
echo "To attach Terraform CLI, set the TF_REATTACH_PROVIDERS environment variable:"
cat <<'END'
	TF_REATTACH_PROVIDERS='{ATTACH}'
END
exec sleep 60
"""
COMMAND = [sys.executable, "-c", "import os; print(os.environ.get('TF_REATTACH_PROVIDERS'))"]


def provider(data: Path, text: str) -> Path:
    binary = data / "providers" / PROVIDER / "5.100.0/linux_amd64/terraform-provider-aws_v5.100.0"
    binary.parent.mkdir(parents=True)
    binary.write_text(text)
    binary.chmod(0o755)
    return binary


def run(data: Path, *command: str, program: str = "terraform") -> subprocess.CompletedProcess[str]:
    environment = {"TF_DATA_DIR": str(data), "TF": program, "AWS_CA_BUNDLE": "/bundle.pem"}
    return subprocess.run(
        [sys.executable, SCRIPT, *command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_the_command_is_attached_to_a_provider_that_ends_with_it(tmp_path: Path) -> None:
    binary = provider(tmp_path, SAYS)

    done = run(tmp_path, *COMMAND)

    assert (done.returncode, done.stdout.strip()) == (0, ATTACH)
    assert Path(f"{binary}.began").read_text() == "-debug no bundle\n"
    assert not is_running(int(Path(f"{binary}.pid").read_text()))


def test_its_exit_status_is_the_commands(tmp_path: Path) -> None:
    binary = provider(tmp_path, SAYS)

    assert run(tmp_path, "sh", "-c", "exit 3").returncode == 3
    assert not is_running(int(Path(f"{binary}.pid").read_text()))


def test_without_an_init_or_with_opentofu_the_command_runs_as_always(tmp_path: Path) -> None:
    assert run(tmp_path, *COMMAND).stdout.strip() == "None"

    provider(tmp_path, SAYS)
    assert run(tmp_path, *COMMAND, program="/usr/bin/tofu").stdout.strip() == "None"


def test_a_provider_that_does_not_say_how_to_attach_is_an_error(tmp_path: Path) -> None:
    binary = provider(tmp_path, "#!/bin/sh\necho nothing\n")

    done = run(tmp_path, *COMMAND)

    assert done.returncode != 0
    assert done.stdout == ""
    assert f"{binary} -debug has not said how to attach" in done.stderr


def is_running(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True
