"""Each failure of AWS and botocore is one line, and an exit status of its own."""

from __future__ import annotations

import configparser

import pytest
from botocore import exceptions as botocore_exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from key_fetch.aws_errors import refuses_key, translate, unexpected
from key_fetch.failures import Exit

SECRET = "iam-access-key/build-agent"


def answer(
    code: str, message: str = "", status: int = 400, operation: str = "GetSecretValue"
) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )


EXPIRED = "Signature expired: 20260601T120000Z is now earlier than 20260601T121500Z"
CLIENT_ERRORS = [
    (answer("AccessDeniedException", "User: arn… is not authorized"), Exit.ACCESS_DENIED),
    (answer("AccessDenied"), Exit.ACCESS_DENIED),
    (answer("UnrecognizedClientException"), Exit.SIGN_IN),
    (answer("InvalidClientTokenId", status=403), Exit.SIGN_IN),
    (answer("SignatureDoesNotMatch", status=403), Exit.SIGN_IN),
    (answer("InvalidSignatureException", EXPIRED), Exit.SIGN_IN),
    (answer("ExpiredTokenException"), Exit.SIGN_IN),
    (answer("AccessDenied", operation="AssumeRole"), Exit.SIGN_IN),
    (answer("ResourceNotFoundException", "Secrets Manager can't find it"), Exit.NO_SECRET),
    (
        answer("ResourceNotFoundException", "can't find … for staging label: AWSCURRENT"),
        Exit.PLACEHOLDER,
    ),
    (answer("InvalidRequestException", "it was marked for deletion."), Exit.NO_SECRET),
    (answer("InvalidRequestException", "something else"), Exit.UNEXPECTED),
    (answer("ThrottlingException"), Exit.UNREACHABLE),
    (answer("TooManyRequestsException", status=429), Exit.UNREACHABLE),
    (answer("InternalServiceError", status=500), Exit.UNREACHABLE),
    (answer("DecryptionFailure", "the KMS key is disabled"), Exit.UNEXPECTED),
]


@pytest.mark.parametrize(
    ("error", "status"),
    [pytest.param(e, s, id=f"{e.operation_name} {e}"[:60]) for e, s in CLIENT_ERRORS],
)
def test_an_answer_of_aws(error: ClientError, status: Exit) -> None:
    found = translate(error, "the profile build-agent", SECRET)

    assert found.status == status
    assert str(found)
    if status == Exit.UNEXPECTED:
        assert str(found) == f"unexpected: ClientError: {error}"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            answer("AccessDeniedException", "User: x\nis not authorized"),
            f"access denied to the secret {SECRET} with the profile build-agent: "
            "User: x is not authorized",
        ),
        (
            answer("InvalidSignatureException", EXPIRED),
            f"the clock of this host is wrong, says AWS: {EXPIRED}",
        ),
        (
            answer("ExpiredTokenException"),
            "the sign-in with the profile build-agent has expired (ExpiredTokenException): sign in "
            "again",
        ),
    ],
)
def test_what_is_said(error: ClientError, said: str) -> None:
    assert str(translate(error, "the profile build-agent", SECRET)) == said


def made(name: str, **arguments: object) -> BotoCoreError:
    error: BotoCoreError = getattr(botocore_exceptions, name)(**arguments)
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (made("NoCredentialsError"), Exit.SIGN_IN),
        (made("PartialCredentialsError", provider="env", cred_var="x"), Exit.SIGN_IN),
        (made("ProfileNotFound", profile="sso"), Exit.SIGN_IN),
        (made("CredentialRetrievalError", provider="process", error_msg="no"), Exit.SIGN_IN),
        (made("UnauthorizedSSOTokenError"), Exit.SIGN_IN),
        (made("SSOTokenLoadError", error_msg="no"), Exit.SIGN_IN),
        (made("TokenRetrievalError", provider="sso", error_msg="no"), Exit.SIGN_IN),
        (made("LoginRefreshRequired"), Exit.SIGN_IN),
        (made("EndpointConnectionError", endpoint_url="https://x"), Exit.UNREACHABLE),
        (made("ConnectTimeoutError", endpoint_url="https://x"), Exit.UNREACHABLE),
        (made("ReadTimeoutError", endpoint_url="https://x"), Exit.UNREACHABLE),
        (made("ConnectionClosedError", endpoint_url="https://x"), Exit.UNREACHABLE),
        (made("ProxyConnectionError", proxy_url="https://x"), Exit.UNREACHABLE),
        (made("SSLError", endpoint_url="https://x", error="certificate"), Exit.UNREACHABLE),
        (made("NoRegionError"), Exit.USAGE),
        (made("DataNotFoundError", data_path="x"), Exit.UNEXPECTED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_failure_of_botocore(error: BotoCoreError, status: Exit) -> None:
    assert translate(error, "the profile build-agent", SECRET).status == status


@pytest.mark.parametrize(
    ("cause", "where"),
    [
        (configparser.MissingSectionHeaderError("c", 3, "hush = 1"), "/c, line 3"),
        (configparser.DuplicateOptionError("a", "hush", "c", 7), "/c, line 7"),
        (UnicodeDecodeError("utf-8", b"hush", 0, 1, "hush"), "/c"),
    ],
)
def test_a_configuration_that_cannot_be_parsed_is_not_quoted(cause: Exception, where: str) -> None:
    found = translate(made("ConfigParseError", path="/c", error=cause), "x", SECRET)

    assert found.status == Exit.FILE
    assert str(found) == f"{where}: it cannot be parsed"


def test_the_message_of_another_exception_is_not_shown() -> None:
    try:
        raise ValueError("hush")
    except ValueError as error:
        found = unexpected(error)

    assert found.status == Exit.UNEXPECTED
    assert "ValueError at line" in str(found)
    assert __file__ in str(found)
    assert "hush" not in str(found)


def test_expired_credentials_of_the_environment() -> None:
    text = "Credentials were refreshed, but the refreshed credentials are still expired."

    found = translate(RuntimeError(text), "your environment", SECRET)

    assert found.status == Exit.SIGN_IN
    assert str(found) == f"cannot sign in with your environment: {text}"
    assert translate(RuntimeError("hush"), "x", SECRET).status == Exit.UNEXPECTED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (answer("InvalidClientTokenId"), "InvalidClientTokenId"),
        (answer("SignatureDoesNotMatch"), "SignatureDoesNotMatch"),
        (answer("SignatureDoesNotMatch", EXPIRED), None),
        (answer("AccessDenied"), None),
        (answer("InternalFailure", status=500), None),
    ],
)
def test_a_key_that_is_not_accepted(error: ClientError, code: str | None) -> None:
    assert refuses_key(error) == code


def test_what_botocore_cannot_parse_is_no_answer_of_aws() -> None:
    """It is no BotoCoreError, and its text is the page that a proxy sent."""
    found = translate(ResponseParserError("Unable to parse:\n<html>"), "the profile x", SECRET)

    assert found.status == Exit.UNREACHABLE
    assert "<html>" not in str(found)
