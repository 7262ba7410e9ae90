"""Which AWS errors prove that a call had no effect."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from key_rotation.aws.errors import code, is_definite


def error(name: str, status: int = 400, retries: int = 0) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": name, "Message": "no"},
            "ResponseMetadata": {
                "RequestId": "1",
                "HostId": "",
                "HTTPStatusCode": status,
                "HTTPHeaders": {},
                "RetryAttempts": retries,
            },
        },
        "CreateAccessKey",
    )


@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param("AccessDenied", 403, id="denied by IAM"),
        pytest.param("AccessDeniedException", 400, id="denied by Secrets Manager"),
        pytest.param("LimitExceeded", 409, id="a third key"),
        pytest.param("NoSuchEntity", 404, id="user is gone"),
        pytest.param("ResourceNotFoundException", 400, id="secret is gone"),
        pytest.param("InvalidRequestException", 400, id="secret is pending deletion"),
        pytest.param("MalformedPolicyDocumentException", 400, id="dead principal"),
        pytest.param("ExpiredToken", 403, id="expired credentials"),
    ],
)
def test_refusal_of_the_first_attempt_is_definite(name: str, status: int) -> None:
    assert is_definite(error(name, status))


@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param("Throttling", 400, id="throttled by IAM"),
        pytest.param("SomethingNew", 429, id="too many requests by any name"),
        pytest.param("SomethingNew", 408, id="a timeout by any name"),
        pytest.param("ThrottlingException", 400, id="throttled by Secrets Manager"),
        pytest.param("ThrottledException", 400, id="throttled elsewhere"),
        pytest.param("RequestThrottled", 400, id="throttled request"),
        pytest.param("TooManyRequestsException", 429, id="too many requests"),
        pytest.param("RequestLimitExceeded", 400, id="request limit"),
        pytest.param("LimitExceededException", 400, id="limit of Secrets Manager"),
        pytest.param("SlowDown", 400, id="slow down"),
        pytest.param("PriorRequestNotComplete", 400, id="prior request"),
        pytest.param("RequestTimeout", 408, id="timed out"),
        pytest.param("RequestTimeoutException", 400, id="timed out, otherwise named"),
        pytest.param("ServiceFailure", 500, id="failure of IAM"),
        pytest.param("InternalServiceError", 500, id="failure of Secrets Manager"),
        pytest.param("ServiceUnavailable", 503, id="unavailable"),
        pytest.param("AccessDenied", 500, id="a refusal by name only"),
        pytest.param("OK", 200, id="an error in a success"),
        pytest.param("MovedPermanently", 301, id="redirected"),
    ],
)
def test_whatever_may_have_had_an_effect_is_not_definite(name: str, status: int) -> None:
    assert not is_definite(error(name, status))


@pytest.mark.parametrize("retries", [1, 3])
def test_refusal_after_a_retry_is_not_definite(retries: int) -> None:
    assert is_definite(error("AccessDenied", 403))
    assert not is_definite(error("AccessDenied", 403, retries))


def test_error_without_details_is_not_definite() -> None:
    assert not is_definite(ClientError({}, "CreateAccessKey"))


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        pytest.param(error("NoSuchEntity", 404), "NoSuchEntity", id="code"),
        pytest.param(ClientError({"Error": {}}, "GetUser"), "", id="no code"),
        pytest.param(ClientError({}, "GetUser"), "", id="no error"),
    ],
)
def test_code_is_the_services_own(raised: ClientError, expected: str) -> None:
    assert code(raised) == expected
