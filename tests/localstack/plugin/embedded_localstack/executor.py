"""LocalStack's Lambda executor without Docker: an execution environment is one child process."""

# mypy: disable-error-code="import-not-found, misc, no-any-return, type-arg"
import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from .platform_log import Report, surround
from .process import FunctionProcess, ProcessExitedError
from .runtime_api import Answer, Invocation

_INIT_SECONDS = 10.0  # Lambda's own limit for the init phase


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Chosen with LAMBDA_RUNTIME_EXECUTOR=process."""

    name = "process"

    def load(self, *_args: object, **_kwargs: object) -> type["ProcessExecutor"]:
        return ProcessExecutor


class ProcessExecutor(RuntimeExecutor):
    """Keeps one function process and replaces it when it has died, as Lambda does.

    The process is started by the first invocation, not by `start`: a failed start is then an error
    of the invocation, with its log, as on Lambda, and not one of LocalStack's.
    """

    _live: ClassVar[dict[str, "ProcessExecutor"]] = {}
    _live_lock = threading.Lock()

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002
        super().__init__(id=id, function_version=function_version)
        self._process: FunctionProcess | None = None
        self._request_id: str | None = None
        self._environment: dict[str, str] = {}
        self._code = Path()
        name = function_version.id.function_name
        self._log = Path(os.environ["EMBEDDED_LOGS"]) / f"lambda-{name}-{id[:8]}.log"

    @classmethod
    def processes(cls) -> dict[str, list[dict[str, Any]]]:
        """The live processes by function name: pid, and the request in the handler (or None)."""
        found: dict[str, list[dict[str, Any]]] = {}
        with cls._live_lock:
            executors = list(cls._live.values())
        for executor in executors:
            process = executor._process
            if process is not None and process.alive:
                name = executor.function_version.id.function_name
                entry = {"pid": process.pid, "request_id": executor._request_id}
                found.setdefault(name, []).append(entry)
        return found

    def start(self, env_vars: dict[str, Any]) -> None:
        """Prepare the environment of the processes to come."""
        self._code = Path(self.function_version.config.code.get_unzipped_code_location())
        home = Path(os.environ["EMBEDDED_LOGS"]).parent / "state" / "lambda-home" / self.id
        home.mkdir(parents=True)
        self._environment = _function_environment(
            env_vars, self.function_version.config.runtime, self._code, home
        )
        with self._live_lock:
            self._live[self.id] = self

    def stop(self) -> None:
        with self._live_lock:
            self._live.pop(self.id, None)
        if self._process is not None:
            self._process.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run one invocation; whatever goes wrong with the process is told as Lambda tells it."""
        request_id, process, fresh = payload["invoke-id"], self._process, False
        if process is None or not process.alive:
            process, fresh = self._spawn(), True
            self._process = process

        outcome = self._outcome(process, fresh, payload)
        used_mb = process.peak_memory_mb()
        if outcome.failure:
            process.kill()
        report = Report(
            request_id=request_id,
            version=self.function_version.id.qualifier,
            began=outcome.began,
            duration_ms=(time.time() - outcome.began) * 1000,
            init_ms=process.init_ms if fresh else None,
            memory_mb=self.function_version.config.memory_size,
            used_mb=used_mb,
            is_error=outcome.answer.is_error,
            failure=outcome.failure,
            message=outcome.message,
        )
        as_json = self._environment.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
        return InvocationResult(
            request_id,
            outcome.answer.body,
            is_error=outcome.answer.is_error,
            logs=surround(process.new_output(), report, as_json),
        )

    def _outcome(
        self, process: FunctionProcess, fresh: bool, payload: dict[str, str]
    ) -> "_Outcome":
        """Run the handler, after the init phase if the process is fresh."""
        request_id, timeout = payload["invoke-id"], self.function_version.config.timeout
        began = time.time()
        try:
            if fresh and (init_error := process.initialise(_INIT_SECONDS)) is not None:
                answer = Answer(request_id, True, init_error)
                return _Outcome(began, answer, failure="Runtime.InitError")
            began = time.time()
            self._request_id = request_id
            answer = process.run(
                Invocation(
                    request_id=request_id,
                    payload=payload["payload"].encode(),
                    function_arn=payload["invoked-function-arn"],
                    trace_id=payload["trace-id"],
                    deadline_ms=int((began + timeout) * 1000),
                )
            )
            return _Outcome(began, answer)
        except ProcessExitedError as exited:
            return _failed(began, request_id, "Runtime.ExitError", str(exited))
        except TimeoutError:
            what = f"Task timed out after {timeout:.2f} seconds"
            return _failed(began, request_id, "Sandbox.Timedout", what)
        finally:
            self._request_id = None

    def _spawn(self) -> FunctionProcess:
        return FunctionProcess(
            os.environ["EMBEDDED_LAMBDA_PYTHON"],
            self.function_version.config.handler,
            self._environment,
            self._code,
            self._log,
        )

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"

    def get_logs(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the code. Raises ValueError for what cannot run here."""
        runtime = function_version.config.runtime or "a container image"
        if not runtime.startswith("python"):
            raise ValueError(f"the embedded LocalStack runs Python functions only, not {runtime}")
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """The unpacked code belongs to LocalStack, which removes it."""


def _function_environment(
    given: dict[str, Any], runtime: str, code: Path, home: Path
) -> dict[str, str]:
    """What a function finds in its environment on Lambda, and nothing of the developer's own.

    HOME is an empty folder: boto3 must not find a developer's ~/.aws.
    """
    environment = {name: str(value) for name, value in given.items()}
    if "AWS_LAMBDA_LOG_LEVEL" in environment:  # LocalStack writes "Info"
        environment["AWS_LAMBDA_LOG_LEVEL"] = environment["AWS_LAMBDA_LOG_LEVEL"].upper()
    return environment | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "HOME": str(home),
        "LAMBDA_RUNTIME_DIR": str(code),
        "LAMBDA_TASK_ROOT": str(code),
        "LANG": "en_US.UTF-8",
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(code),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(home),
    }


@dataclass(frozen=True)
class _Outcome:
    """How an invocation ended; `failure` and `message` if it was not the function that answered."""

    began: float
    answer: Answer
    failure: str = ""
    message: str = ""


def _failed(began: float, request_id: str, error_type: str, what: str) -> _Outcome:
    message = f"RequestId: {request_id} Error: {what}"
    body = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return _Outcome(began, Answer(request_id, True, body), error_type, message)
