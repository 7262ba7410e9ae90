"""Test-only HTTP routes of the embedded LocalStack, all under /_test."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
import datetime
import json
from typing import Any

from localstack.http import Response, route
from localstack.runtime import hooks
from localstack.services.edge import ROUTER

from .deaths import PLANNED, Death
from .executor import ProcessExecutor
from .mail import MAILBOX
from .passing_days import let_pass
from .refusals import REFUSALS, Refusal


def _json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, mimetype="application/json")


class _TestRoutes:
    """What a test needs to do or see and AWS has no call for."""

    @route("/_test", methods=["GET"])
    def about(self, _request: Any) -> Response:
        """Tells that this is the embedded LocalStack."""
        return _json({"embedded": True})

    @route("/_test/iam/backdate", methods=["POST"])
    def backdate(self, request: Any) -> Response:
        """{"AccessKeyId": …, "Days": n}: the key becomes n days older, also in the report."""
        from moto.iam.models import iam_backends

        try:
            question = json.loads(request.get_data())
            key_id, age = question["AccessKeyId"], datetime.timedelta(days=question["Days"])
        except (ValueError, KeyError, TypeError):
            return _json({"error": 'expected {"AccessKeyId": "AKIA…", "Days": 90}'}, 400)
        for account in list(iam_backends.values()):
            for user in account["aws"].users.values():
                for key in user.access_keys:
                    if key.access_key_id == key_id:
                        key.create_date -= age
                        return _json(
                            {
                                "UserName": user.name,
                                "AccessKeyId": key_id,
                                "CreateDate": key.create_date.isoformat(),
                            }
                        )
        return _json({"error": f"no access key {key_id}"}, 404)

    @route("/_test/days", methods=["POST"])
    def days(self, request: Any) -> Response:
        """{"UserName": …, "SecretName": …, "Days": n}: n days pass for this user."""
        try:
            question = json.loads(request.get_data())
            let_pass(question["UserName"], question["SecretName"], float(question["Days"]))
        except (ValueError, KeyError, TypeError) as error:
            expected = '{"UserName": "alice", "SecretName": "…", "Days": 7}'
            return _json({"error": f"expected {expected}, of a user that exists ({error})"}, 400)
        return _json(question)

    @route("/_test/iam/secret-access-keys", methods=["GET"])
    def secret_access_keys(self, _request: Any) -> Response:
        """{"AKIA…": its secret} of every key that there is: what must be found nowhere else."""
        from moto.iam.models import iam_backends

        return _json(
            {
                key.access_key_id: key.secret_access_key
                for account in list(iam_backends.values())
                for user in account["aws"].users.values()
                for key in user.access_keys
            }
        )

    @route("/_test/mail", methods=["GET"])
    def mails(self, _request: Any) -> Response:
        """The mails sent so far, oldest first."""
        return _json(MAILBOX.mails())

    @route("/_test/mail", methods=["DELETE"])
    def clear_mails(self, _request: Any) -> Response:
        MAILBOX.clear()
        return _json([])

    @route("/_test/refusals", methods=["POST"])
    def refuse(self, request: Any) -> Response:
        """{"Operation": "iam:CreateAccessKey", "Containing": "alice"}: such calls are denied."""
        try:
            question = json.loads(request.get_data())
            REFUSALS.add(Refusal(question["Operation"], question["Containing"]))
        except (ValueError, KeyError, TypeError):
            expected = 'expected {"Operation": "iam:CreateAccessKey", "Containing": "alice"}'
            return _json({"error": expected}, 400)
        return _json(question)

    @route("/_test/refusals", methods=["DELETE"])
    def allow(self, _request: Any) -> Response:
        REFUSALS.clear()
        return _json([])

    @route("/_test/lambda/processes", methods=["GET"])
    def processes(self, _request: Any) -> Response:
        """{function name: [{"pid": …, "request_id": … or null}]}."""
        return _json(ProcessExecutor.processes())

    @route("/_test/lambda/death", methods=["POST"])
    def plan_death(self, request: Any) -> Response:
        """{"FunctionName": …, "Call": "iam:CreateAccessKey", "After": true}: SIGKILL, once."""
        try:
            question = json.loads(request.get_data())
            service, operation = question["Call"].split(":")
            death = Death(question["FunctionName"], service, operation, question["After"])
        except (ValueError, KeyError, TypeError, AttributeError):
            expected = '{"FunctionName": "…", "Call": "iam:CreateAccessKey", "After": true}'
            return _json({"error": f"expected {expected}"}, 400)
        PLANNED.plan(death)
        return _json({})

    @route("/_test/lambda/death", methods=["DELETE"])
    def cancel_death(self, _request: Any) -> Response:
        PLANNED.plan(None)
        return _json({})


@hooks.on_infra_start()
def add_test_routes() -> None:
    ROUTER.add(_TestRoutes())
