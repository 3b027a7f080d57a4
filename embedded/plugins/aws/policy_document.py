"""aws.iam.getPolicyDocument: the JSON that the released provider makes, to the letter."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from embedded.plugins.provider import ProviderError
from embedded.plugins.values import contains_unknown

_VERSION = "2012-10-17"


def policy_document(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of getPolicyDocument."""
    if contains_unknown(dict(args)):
        message = "getPolicyDocument: the statements are not known yet"
        raise ProviderError(message)
    document: dict[str, Any] = {"Version": args.get("version") or _VERSION}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    statements = [_statement(item) for item in args.get("statements") or ()]
    document["Statement"] = _merged(args, statements)
    ordered = {key: document[key] for key in ("Version", "Id", "Statement") if key in document}
    text = json.dumps(ordered, indent=2, ensure_ascii=False)
    small = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False)
    return {**args, "json": text, "minifiedJson": small, "id": str(zlib.crc32(text.encode()))}


def _merged(args: Mapping[str, Any], own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sources come first, overrides last; a statement id stands once."""
    statements: list[dict[str, Any]] = []
    for text in args.get("sourcePolicyDocuments") or ():
        statements = _laid_over(statements, _parsed(text), "sourcePolicyDocuments", unique=True)
    statements = _laid_over(statements, own, "statements", unique=False)
    for text in args.get("overridePolicyDocuments") or ():
        statements = _laid_over(statements, _parsed(text), "overridePolicyDocuments", unique=False)
    return statements


def _parsed(text: str) -> list[dict[str, Any]]:
    try:
        statements = json.loads(text).get("Statement", [])
    except (ValueError, AttributeError) as error:
        message = f"getPolicyDocument: a source or override is not a policy document: {error}"
        raise ProviderError(message) from error
    return statements if isinstance(statements, list) else [statements]


def _laid_over(
    below: list[dict[str, Any]], above: list[dict[str, Any]], what: str, *, unique: bool
) -> list[dict[str, Any]]:
    found = list(below)
    for statement in above:
        sid = statement.get("Sid")
        twins = [index for index, other in enumerate(found) if sid and other.get("Sid") == sid]
        if twins and unique:
            message = f"getPolicyDocument: duplicate Sid {sid!r} in {what}; Sids must be unique"
            raise ProviderError(message)
        if twins:
            found[twins[0]] = statement
        else:
            found.append(statement)
    return found


def _statement(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return one statement with its keys in the released provider's order."""
    statement: dict[str, Any] = {}
    if item.get("sid"):
        statement["Sid"] = item["sid"]
    statement["Effect"] = item.get("effect") or "Allow"
    for key, name in (
        ("Action", "actions"),
        ("NotAction", "notActions"),
        ("Resource", "resources"),
        ("NotResource", "notResources"),
    ):
        if item.get(name):
            statement[key] = _one_or_many(item[name])
    for key, name in (("Principal", "principals"), ("NotPrincipal", "notPrincipals")):
        if item.get(name):
            statement[key] = _principals(item[name])
    if item.get("conditions"):
        statement["Condition"] = _conditions(item["conditions"])
    return statement


def _one_or_many(values: Iterable[str]) -> str | list[str]:
    ordered = sorted(set(values), reverse=True)
    return ordered[0] if len(ordered) == 1 else ordered


def _principals(principals: Iterable[Mapping[str, Any]]) -> Any:
    merged: dict[str, list[str]] = {}
    for principal in principals:
        merged.setdefault(principal["type"], []).extend(principal["identifiers"])
    if merged == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_many(names) for kind, names in sorted(merged.items())}


def _conditions(conditions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        values = list(condition["values"])
        entry = values[0] if len(values) == 1 else values
        merged.setdefault(condition["test"], {})[condition["variable"]] = entry
    return {test: dict(sorted(variables.items())) for test, variables in sorted(merged.items())}
