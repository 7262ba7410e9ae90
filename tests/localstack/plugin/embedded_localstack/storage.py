"""Keeps S3's objects, functions' code among them, in LocalStack's own folder.

LocalStack has one folder in /tmp for them, whatever TMPDIR says, that all of a machine's share.
"""

# mypy: disable-error-code="import-not-found, untyped-decorator"
import tempfile
from pathlib import Path

from localstack.runtime import hooks


@hooks.on_infra_start()
def keep_objects_in_own_folder() -> None:
    """Set the folder before the service is loaded."""
    from localstack.services.s3 import provider

    provider.DEFAULT_S3_TMP_DIR = str(Path(tempfile.gettempdir()) / "s3")
