"""Adapters and handler on the AWS wire, in moto."""

from typing import Any

from moto.utilities import utils

_load_resource = utils.load_resource


def _without_instance_types(resource: str) -> Any:
    """moto's SSM loads its EC2, with all types of instances of all regions: 80 MB that nothing
    here asks for, and that each branch of the crash harness would have to map."""
    return {} if resource.startswith("ec2/resources/instance_type") else _load_resource(resource)


utils.load_resource = _without_instance_types
