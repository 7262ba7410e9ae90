"""Where one test keeps its state, so that a later command can remove what a crash left behind."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.stage.terraform import Terraform

from .cloud import Cloud

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "acceptance"
CONFIGURATION = Path(__file__).parent / "root"


class FolderError(Exception):
    """The folder belongs to a test of another account."""


@dataclass(frozen=True)
class Folder:
    """The folder of one test: Terraform's state and data, and which account it is of."""

    path: Path
    name: str
    cloud: Cloud

    @classmethod
    def of(cls, cloud: Cloud, name: str, build: Path = BUILD) -> Folder:
        """The folder, made if there is none. Raises FolderError if it is another account's."""
        path = build / name
        where = {"account_id": cloud.account_id, "region": cloud.region}
        note = path / "account.json"
        if note.exists() and (noted := json.loads(note.read_text())) != where:
            raise FolderError(
                f"{name} was made in account {noted['account_id']}, {noted['region']}, and these "
                f"credentials are of {where['account_id']}, {where['region']}: sign in there"
            )
        path.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(where))
        return cls(path, name, cloud)

    @property
    def variables(self) -> Mapping[str, str]:
        """Terraform's. A LocalStack in Docker runs functions on this machine's processor only."""
        arm = self.cloud.emulator is None or platform.machine() in ("arm64", "aarch64")
        return {"name": self.name, "architecture": "arm64" if arm else "x86_64"}

    def terraform(self, tell: Callable[[str], None]) -> Terraform:
        return Terraform(
            folder=CONFIGURATION,
            state=self.path / "terraform.tfstate",
            data=self.path / "terraform",
            environment=self.cloud.environment,
            tell=tell,
        )

    def discard(self) -> None:
        """When nothing is left in the account."""
        shutil.rmtree(self.path)
