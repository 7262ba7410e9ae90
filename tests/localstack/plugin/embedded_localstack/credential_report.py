"""A credential report is dated when it was made, as on AWS: an old one is not to be trusted."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
from datetime import UTC, datetime
from typing import Any

from localstack.runtime import hooks
from localstack.utils.patch import patch


@hooks.on_infra_start()
def date_credential_reports() -> None:
    """LocalStack makes a report whenever it is asked for one, and dates it 2015."""
    from moto.core.responses import ActionResult
    from moto.iam.responses import IamResponse

    @patch(IamResponse.get_credential_report)
    def get_credential_report(fn: Any, self: Any) -> ActionResult:
        answer = fn(self).result
        return ActionResult({**answer, "GeneratedTime": datetime.now(UTC)})
