"""What botocore and AWS say, as a failure that an owner can do something about."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .failures import Exit, FetchError
from .lines import one_line
from .secret import placeholder

_DENIED = {"AccessDenied", "AccessDeniedException"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
# The key is not known (yet), off, or not the one that belongs to the id.
_NOT_ACCEPTED = {
    "AuthFailure",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_OWN_CALLS = {"GetCallerIdentity", "GetSecretValue"}
# By name: not every botocore knows them all.
_NO_SIGN_IN = {
    "CredentialRetrievalError",
    "InvalidConfigError",
    "LoginError",
    "MetadataRetrievalError",
    "MissingDependencyException",
    "NoAuthTokenError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "RefreshWithMFAUnsupportedError",
    "SSOError",
    "TokenRetrievalError",
    "UnknownCredentialError",
}
_STILL_EXPIRED = "the refreshed credentials are still expired."
_NO_ANSWER = {"ConnectionError", "HTTPClientError"}


def refuses_key(error: ClientError) -> str | None:
    """The code, if AWS does not accept the key that signed the call; else None."""
    code = _code(error)
    return code if code in _NOT_ACCEPTED and not _is_clock(error) else None


def refuse_web_page(response_dict: dict[str, Any], **_rest: object) -> None:
    """A handler of botocore's event `before-parse`. botocore takes a page for an empty answer, or
    fails in its own ways. A page that says that a server failed is left to its retries.

    Raises FetchError.
    """
    kind = str(response_dict["headers"].get("content-type", ""))
    if response_dict["status_code"] < 500 and kind.lower().startswith("text/html"):
        raise _not_aws()


def translate(
    error: BotoCoreError | ClientError | ResponseParserError | RuntimeError,
    signer: str,
    secret_id: str,
) -> FetchError:
    """`signer` says what signed the call: `the profile x`."""
    if isinstance(error, ResponseParserError):
        return _not_aws()
    if isinstance(error, ClientError):
        return _answer(error, signer, secret_id)
    if isinstance(error, RuntimeError):  # of botocore, where it refreshes credentials
        if not str(error).endswith(_STILL_EXPIRED):
            return unexpected(error)
        return FetchError(Exit.SIGN_IN, f"cannot sign in with {signer}: {error}")
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ConfigParseError" in names:
        return _unreadable(error)
    if "NoRegionError" in names:
        return no_region()
    if "NoCredentialsError" in names:
        return FetchError(Exit.SIGN_IN, f"no credentials in {signer}: sign in, or name a profile")
    if names & _NO_SIGN_IN:
        return FetchError(Exit.SIGN_IN, f"cannot sign in with {signer}: {one_line(str(error))}")
    if names & _NO_ANSWER:
        return FetchError(Exit.UNREACHABLE, f"AWS cannot be reached: {one_line(str(error))}")
    return unexpected(error)


def _not_aws() -> FetchError:
    return FetchError(
        Exit.UNREACHABLE,
        "AWS cannot be reached: something else answered in its place. Is there a proxy, or does "
        "this network want you to sign in?",
    )


def no_region() -> FetchError:
    return FetchError(
        Exit.USAGE, "no region: name the secret by its ARN, give --region, or set AWS_REGION"
    )


def unexpected(error: Exception) -> FetchError:
    """With the message of AWS and botocore; that of other exceptions could quote a file."""
    text = type(error).__name__
    if isinstance(error, BotoCoreError | ClientError):
        text += f": {one_line(str(error))}"
    elif error.__traceback__ is not None:
        last = error.__traceback__
        while last.tb_next is not None:
            last = last.tb_next
        text += f" at line {last.tb_lineno} of {last.tb_frame.f_code.co_filename}"
    return FetchError(Exit.UNEXPECTED, f"unexpected: {text}")


def _answer(error: ClientError, signer: str, secret_id: str) -> FetchError:
    code, said = _code(error), one_line(error.response.get("Error", {}).get("Message", ""))
    if _is_clock(error):
        return FetchError(Exit.SIGN_IN, f"the clock of this host is wrong, says AWS: {said}")
    if code in _EXPIRED:
        return FetchError(
            Exit.SIGN_IN, f"the sign-in with {signer} has expired ({code}): sign in again"
        )
    if code in _NOT_ACCEPTED:
        return FetchError(
            Exit.SIGN_IN,
            f"AWS does not accept {signer} ({code}): the key is disabled, deleted or mistyped. "
            "Name another profile to sign in with, or ask your platform team",
        )
    if error.operation_name not in _OWN_CALLS:  # botocore's, such as AssumeRole
        return FetchError(
            Exit.SIGN_IN,
            f"cannot sign in with {signer}: {error.operation_name} says {code}: {said}",
        )
    if code in _DENIED:
        return FetchError(
            Exit.ACCESS_DENIED, f"access denied to the secret {secret_id} with {signer}: {said}"
        )
    if code == "ResourceNotFoundException" and "staging label" in said:
        return placeholder(secret_id)  # made in advance, and without any value
    if code == "ResourceNotFoundException":
        return FetchError(
            Exit.NO_SECRET,
            f"there is no secret {secret_id} in that account and region: {said}",
        )
    if code == "InvalidRequestException" and "delet" in said:
        return FetchError(
            Exit.NO_SECRET,
            f"the secret {secret_id} waits for its deletion. Ask your platform team: they, or the "
            "next run of the rotation, can restore it",
        )
    if _is_outage(error):
        return FetchError(Exit.UNREACHABLE, f"AWS does not answer now ({code}): {said}")
    return unexpected(error)


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _is_clock(error: ClientError) -> bool:
    """A signature of another time than AWS's, in the words of AWS."""
    said = error.response.get("Error", {}).get("Message", "")
    return _code(error) == "RequestTimeTooSkewed" or any(
        part in said for part in ("Signature expired", "Signature not yet current")
    )


def _is_outage(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status == 429 or "throttl" in _code(error).lower()


def _unreadable(error: BotoCoreError) -> FetchError:
    """Without the parser's own text, which quotes the file."""
    path, cause = error.kwargs.get("path"), error.kwargs.get("error")
    errors = getattr(cause, "errors", None) or [(None, "")]
    line = getattr(cause, "lineno", None) or errors[0][0]
    where = f"{path}, line {line}" if line else f"{path}"
    return FetchError(Exit.FILE, f"{where}: it cannot be parsed")
