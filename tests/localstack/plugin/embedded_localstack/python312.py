"""Lets LocalStack run on Python 3.12."""

# mypy: disable-error-code="import-not-found, untyped-decorator"
import warnings

from localstack.runtime import hooks


@hooks.on_runtime_create()
def provide_deprecated() -> None:
    """Add what LocalStack 4.14 imports from `warnings` and Python has there from 3.13 only."""
    if not hasattr(warnings, "deprecated"):
        from typing_extensions import deprecated

        warnings.deprecated = deprecated  # type: ignore[attr-defined, unused-ignore]
