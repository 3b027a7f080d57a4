"""The kinds of value that settings are made of, each with a message of its own."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

# The `type` of errors whose text already says what is allowed and what to do.
SPOKEN: Final = "ballast"


def wrong(allowed: str, fix: str) -> PydanticCustomError:
    """Return an error that says what is allowed and what to do."""
    return PydanticCustomError(SPOKEN, "{allowed}", {"allowed": allowed, "fix": fix})


def _network(value: Any) -> IPv4Network:
    allowed = "an IPv4 network, such as 10.0.0.0/16"
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise wrong(allowed, "Write it in quotes, with its length.")
    if "/" not in value:
        raise wrong(allowed, f"Add the length of the network, such as {value}/16.")
    try:
        return IPv4Network(value)
    except (AddressValueError, NetmaskValueError) as error:
        raise wrong(allowed, f"Correct it: {error}.") from None
    except ValueError:
        start = IPv4Network(value, strict=False)
        raise wrong(allowed, f"It has bits behind its length: write {start}.") from None


def _vpc(value: IPv4Network) -> IPv4Network:
    # AWS allows /16 to /28; below /20 the smallest tier would not hold a load balancer.
    if not 16 <= value.prefixlen <= 20:
        room = f"{value} holds {value.num_addresses} addresses"
        allowed = "an IPv4 network between /16 and /20"
        raise wrong(
            allowed,
            f"{room}; AWS takes no VPC larger than /16 (65,536), and the tiers of eight zones do "
            f"not fit below /20 (4,096). Choose a network in between.",
        )
    if not value.is_private:
        allowed = "a network from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
        raise wrong(allowed, "Public addresses in a VPC hide the real ones. Choose a private one.")
    return value


def _narrow(value: IPv4Network) -> IPv4Network:
    if value.prefixlen == 0:
        allowed = "networks narrower than 0.0.0.0/0"
        raise wrong(allowed, "Name the networks you administer from; none: the API is private.")
    return value


def _pods(value: IPv4Network) -> IPv4Network:
    if not value.subnet_of(IPv4Network("100.64.0.0/10")) or not 16 <= value.prefixlen <= 19:
        allowed = "a network between /16 and /19 in 100.64.0.0/10"
        fix = (
            "These addresses are nobody's on the internet or in a company, and every zone takes an "
            "eighth of them. Choose one, such as 100.64.0.0/16."
        )
        raise wrong(allowed, fix)
    return value


def _text(pattern: str, allowed: str, fix: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise wrong(allowed, fix)
        return value

    return AfterValidator(check)


Network = Annotated[IPv4Network, BeforeValidator(_network)]
VpcNetwork = Annotated[Network, AfterValidator(_vpc)]
NarrowNetwork = Annotated[Network, AfterValidator(_narrow)]
PodNetwork = Annotated[Network, AfterValidator(_pods)]
AccountId = Annotated[
    str, _text(r"\d{12}", "twelve digits in quotes", "Copy the id of the AWS account.")
]
RoleArn = Annotated[
    str,
    _text(
        r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
        "the ARN of an IAM role, such as arn:aws:iam::111122223333:role/deployer",
        "Copy it from `aws iam get-role`. A user, or a role's session, is no role.",
    ),
]
ReservationId = Annotated[
    str,
    _text(
        r"cr-[0-9a-f]{8,17}",
        "the id of a capacity reservation, such as cr-0123456789abcdef0",
        "Copy it from `aws ec2 describe-capacity-reservations`.",
    ),
]
VpcId = Annotated[
    str,
    _text(
        r"vpc-[0-9a-f]{8,17}",
        "the id of a VPC, such as vpc-0123456789abcdef0",
        "Copy it from the account of the peer.",
    ),
]
PeeringId = Annotated[
    str,
    _text(
        r"pcx-[0-9a-f]{8,17}",
        "the id of a peering connection, such as pcx-0123456789abcdef0",
        "Copy it from the side that asked for the peering.",
    ),
]
StackName = Annotated[
    str,
    _text(
        r"[\w.-]+/[\w.-]+/[\w.-]+",
        "organization/project/stack, such as organization/ballast/shared",
        "Write all three; without Pulumi Cloud the first one is `organization`.",
    ),
]
CertificateArn = Annotated[
    str,
    _text(
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]{36}",
        "the ARN of an ACM certificate",
        "Copy it from `aws acm list-certificates`, of the stack's region.",
    ),
]
DnsLabel = Annotated[
    str,
    _text(
        r"[a-z]([a-z0-9-]{0,22}[a-z0-9])?",
        "up to 24 lower-case letters, digits and dashes, a letter first",
        "It becomes the name of Kubernetes objects and of IAM roles: choose a plainer one.",
    ),
]
ClusterName = Annotated[
    str,
    _text(
        r"[a-zA-Z0-9][a-zA-Z0-9-]{0,59}",
        "up to 60 letters, digits and dashes, no dash first",
        "Choose another; changing it later replaces the cluster.",
    ),
]
Count = Annotated[int, Field(ge=0, le=1000)]
AtLeastOne = Annotated[int, Field(ge=1, le=1000)]
Percent = Annotated[int, Field(ge=1, le=100)]
CpuTarget = Annotated[int, Field(ge=60, le=70)]
Rate = Annotated[int, Field(ge=1, le=100_000)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=1, le=3600)]
Cores = Annotated[float, Field(gt=0, le=192, allow_inf_nan=False)]
MemoryGib = Annotated[float, Field(gt=0, le=4096, allow_inf_nan=False)]
DiskGib = Annotated[int, Field(ge=20, le=16384)]
