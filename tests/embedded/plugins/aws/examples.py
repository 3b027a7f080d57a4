"""One example a resource type: what it is made from, what changes in place, what replaces it."""

from __future__ import annotations

from tests.embedded.plugins.aws.examples_capacity import CAPACITY
from tests.embedded.plugins.aws.examples_eks import EKS
from tests.embedded.plugins.aws.examples_identity import IAM, IDENTITY, OTHERS
from tests.embedded.plugins.aws.examples_network import EC2
from tests.embedded.plugins.aws.examples_peering import NETWORK
from tests.embedded.plugins.aws.examples_services import MESSAGES, STORAGE

EXAMPLES = [
    example
    for group in (EC2, NETWORK, CAPACITY, IAM, IDENTITY, OTHERS, EKS, MESSAGES, STORAGE)
    for example in group
]
