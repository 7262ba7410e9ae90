"""What a run measured, as CloudWatch metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..notify.response import Measure
from .calls import CallCounter

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

NAMESPACE = "AccessKeyRotation"


class RunMetrics:
    """The `Metrics` port on a CloudWatch client.

    `name` is the installation's; `calls` counts this run's.
    """

    def __init__(
        self, cloudwatch: Callable[[], CloudWatchClient], name: str, calls: CallCounter
    ) -> None:
        self._cloudwatch = cloudwatch
        self._name = name
        self._calls = calls

    def put(self, measures: Sequence[Measure]) -> None:
        """One call, the run's last: CloudWatch takes 1,000 measures at a time."""
        calls = Measure("ApiCalls", self._calls.made + 1)
        self._cloudwatch().put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {
                    "MetricName": measure.name,
                    "Dimensions": [{"Name": "Installation", "Value": self._name}],
                    "Value": measure.value,
                    "Unit": measure.unit,
                }
                for measure in (*measures, calls)
            ],
        )
