"""pytest-terraform's fixtures: one apply per example and session.

A plugin that conftest.py registers late: pytest-terraform makes no fixture before it is configured.
"""

from __future__ import annotations

from pytest_terraform import terraform  # type: ignore[import-untyped]

terraform("basic", scope="module")
terraform("complete", scope="session")
