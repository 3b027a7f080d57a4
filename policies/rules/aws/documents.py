"""IAM policy documents: what they allow whom on what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from frame.facts import UNKNOWN, Node, thaw
from frame.resource import Resource

POLICY: Final = "aws:iam/policy:Policy"
ROLE: Final = "aws:iam/role:Role"
# Everything that carries a document of permissions.
CARRIERS: Final = (
    POLICY,
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy",
    ROLE,
)
_TRAILING_COMMA: Final = re.compile(r",(\s*[\]}])")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a document."""

    node: Node

    @property
    def allows(self) -> bool:
        """Tell whether it allows; one without an effect is read as if it did."""
        return self.node.at("Effect").text("Allow") == "Allow"

    @property
    def actions(self) -> list[str]:
        """Return the actions that it names, in lower case."""
        return [text.lower() for text in self.node.at("Action").texts()]

    @property
    def excluded_actions(self) -> list[str]:
        """Return the actions that it allows everything but."""
        return [text.lower() for text in self.node.at("NotAction").texts()]

    @property
    def conditions(self) -> Node:
        """Return the conditions."""
        return self.node.at("Condition")

    @property
    def everywhere(self) -> bool:
        """Tell whether it holds for every resource."""
        excluded = self.node.at("NotResource")
        return "*" in self.node.at("Resource").texts() or not excluded.missing

    @property
    def unknown(self) -> list[Node]:
        """Return what is not known yet of its actions and resources."""
        places = [self.node.at(key) for key in ("Action", "NotAction", "Resource")]
        return [item for place in places for item in place.each() if item.unknown]

    def condition_keys(self) -> set[str]:
        """Return the keys that its conditions ask about, in lower case."""
        return {key.lower() for _, block in self.conditions.entries() for key, _ in block.entries()}

    def can(self, action: str) -> bool:
        """Tell whether it allows the action."""
        wanted = action.lower()
        if self.excluded_actions:
            return not any(fnmatchcase(wanted, pattern) for pattern in self.excluded_actions)
        return any(fnmatchcase(wanted, pattern) for pattern in self.actions)


def documents(resource: Resource) -> Iterator[Node]:
    """Go through the documents of permissions that a resource carries."""
    if resource.token == ROLE:
        for inline in resource.at("inlinePolicies").each():
            yield inline.at("policy")
    else:
        for key in ("policy", "inlinePolicy"):
            node = resource.at(key)
            if not node.missing:
                yield node


def statements(document: Node) -> Iterator[Statement | Node]:
    """Go through the statements of a document; a Node where it is not known yet."""
    parsed = parse(document)
    if parsed.unknown:
        yield parsed
    for part in parsed.blocks():
        for statement in part.at("Statement").blocks():
            yield statement if statement.unknown else Statement(statement)


def allowed(resource: Resource) -> Iterator[Statement | Node]:
    """Go through the statements of a resource that allow something."""
    for document in documents(resource):
        for statement in statements(document):
            if isinstance(statement, Node) or statement.allows:
                yield statement


def parse(document: Node) -> Node:
    """Return the document as plain data, whether it came as text or not."""
    if not isinstance(document.value, str):
        return document
    try:
        data: Any = json.loads(_TRAILING_COMMA.sub(r"\1", document.value))
    except ValueError:
        return Node({}, document.path)
    return Node(thaw(data), document.path)


def principals(statement: Statement, kind: str) -> list[Node]:
    """Return the principals of one kind: AWS, Service, Federated."""
    principal = statement.node.at("Principal")
    if principal.value == "*":
        return [principal] if kind == "AWS" else []
    node = principal.at(kind)
    return [node] if isinstance(node.value, str) or node.value is UNKNOWN else list(node.each())


def matches_any(pattern: str, actions: Sequence[str]) -> bool:
    """Tell whether an action pattern reaches one of the actions."""
    return any(fnmatchcase(action, pattern) or fnmatchcase(pattern, action) for action in actions)
