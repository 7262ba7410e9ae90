"""The lines that Lambda itself adds around a function's output, as text or as JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Report:
    """What Lambda tells of one invocation; `failure` and `message` if the function never answered.

    `began` is in epoch seconds.
    """

    request_id: str
    version: str
    began: float
    duration_ms: float
    init_ms: float | None
    memory_mb: int
    used_mb: int | None
    is_error: bool
    failure: str
    message: str

    @property
    def billed_ms(self) -> int:
        return int(self.duration_ms) + 1

    @property
    def status(self) -> str:
        if self.failure == "Sandbox.Timedout":
            return "timeout"
        return "error" if self.is_error else "success"


def surround(output: str, report: Report, as_json: bool) -> str:
    """Return the output of one invocation as CloudWatch Logs would hold it."""
    if output and not output.endswith("\n"):
        output += "\n"
    before, after = (_json if as_json else _text)(report)
    return f"{before}\n{output}{after}\n"


def _text(report: Report) -> tuple[str, str]:
    fields = [
        f"Duration: {report.duration_ms:.2f} ms",
        f"Billed Duration: {report.billed_ms} ms",
        f"Memory Size: {report.memory_mb} MB",
    ]
    if report.used_mb is not None:
        fields.append(f"Max Memory Used: {report.used_mb} MB")
    if report.init_ms is not None:
        fields.append(f"Init Duration: {report.init_ms:.2f} ms")
    failure = f"{report.message}\n{report.failure}\n".lstrip() if report.failure else ""
    return (
        f"START RequestId: {report.request_id} Version: {report.version}",
        f"{failure}END RequestId: {report.request_id}\n"
        f"REPORT RequestId: {report.request_id}\t" + "\t".join(fields) + "\t",
    )


def _json(report: Report) -> tuple[str, str]:
    metrics: dict[str, float | int] = {
        "durationMs": round(report.duration_ms, 3),
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory_mb,
    }
    if report.used_mb is not None:
        metrics["maxMemoryUsedMB"] = report.used_mb
    if report.init_ms is not None:
        metrics["initDurationMs"] = round(report.init_ms, 3)
    start = {"requestId": report.request_id, "version": report.version}
    end: dict[str, object] = {
        "requestId": report.request_id,
        "metrics": metrics,
        "status": report.status,
    }
    if report.failure:
        end["errorType"] = report.failure
    ended = report.began + report.duration_ms / 1000
    return (
        json.dumps({"time": _time(report.began), "type": "platform.start", "record": start}),
        json.dumps({"time": _time(ended), "type": "platform.report", "record": end}),
    )


def _time(epoch_seconds: float) -> str:
    moment = datetime.fromtimestamp(epoch_seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
