"""ECS, as moto has it. LocalStack has moto inside, but hands no call of ECS on to it."""

# mypy: disable-error-code="import-not-found, misc, no-any-return, untyped-decorator"
from typing import Any

from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider


def _ask_moto(context: Any, _request: Any) -> Any:
    return call_moto(context)


@aws_provider(api="ecs")
def ecs() -> Service:
    """Keeps task definitions; it runs no task."""
    model = load_service("ecs")
    return Service("ecs", skeleton=Skeleton(model, dict.fromkeys(model.operation_names, _ask_moto)))
