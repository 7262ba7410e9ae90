"""An alarm keeps the tags that it is made with, as on AWS: LocalStack loses them."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
from typing import Any

from localstack.runtime import hooks
from localstack.utils.patch import patch


@hooks.on_infra_start()
def keep_tags_of_alarms() -> None:
    """Let a second plan be empty."""
    from localstack.services.cloudwatch.models import LocalStackMetricAlarm, cloudwatch_stores

    @patch(LocalStackMetricAlarm.set_default_attributes)
    def set_default_attributes(fn: Any, self: Any) -> None:
        fn(self)
        store = cloudwatch_stores[self.account_id][self.region]
        store.TAGS.tag_resource(self.alarm["AlarmArn"], self.alarm.pop("Tags", []))
