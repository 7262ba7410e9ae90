"""In which regions to look for the calls of an access key; never in another partition's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownRegionError

if TYPE_CHECKING:
    import boto3

# Where CloudTrail has the events of IAM, STS' global endpoint and the other global services: the
# region that signs IAM's requests. (botocore's implicitGlobalRegion is another one in aws-cn.)
_OF_GLOBAL_SERVICES = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-us-gov": "us-gov-west-1",
}


def likely_regions(
    session: boto3.session.Session, own: str, last_used: Iterable[str | None]
) -> list[str]:
    """The region of the installation, that of global services, and where the keys were last used.

    Raises botocore's UnknownRegionError for an `own` that is no region's name.
    """
    partition = session.get_partition_for_region(own)
    found = [own, _OF_GLOBAL_SERVICES.get(partition), *last_used]
    return list(
        dict.fromkeys(region for region in found if region and _is_in(session, region, partition))
    )


def enabled_regions(ec2: Any) -> list[str]:
    """Those that this account has enabled, by `DescribeRegions`.

    botocore's own list needs no right, but it is that of a release: it lacks what is newer, and has
    what the account did not opt in to, which answers as to wrong credentials.
    """
    return sorted(region["RegionName"] for region in ec2.describe_regions()["Regions"])


def _is_in(session: boto3.session.Session, region: str, partition: str) -> bool:
    try:
        return session.get_partition_for_region(region) == partition
    except UnknownRegionError:  # such as IAM's "N/A"
        return False
