"""Schemas of an API server's kinds, custom ones included, in the form that kubeconform reads."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from kubernetes import config

_PREFIX = "#/components/schemas/"
# kubeconform's own name for where a schema lies, see its option -schema-location.
LOCATION = "{{.ResourceKind}}{{.KindSuffix}}.json"


def write(kubeconfig: Path, folder: Path) -> int:
    """Write one strict JSON schema a kind, from what the server itself publishes; count them.

    The server serves a custom resource a moment before it publishes its schema.
    """
    server: Any = config.new_client_from_config(str(kubeconfig))
    custom = _custom_kinds(server)
    deadline = time.monotonic() + 60
    while not custom <= (written := _write_published(server, folder)):
        assert time.monotonic() < deadline, f"no schema of {sorted(custom - written)}"
        time.sleep(0.5)
    return len(written)


def _custom_kinds(server: Any) -> set[str]:
    listed = _get(server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    return {
        _file_name({"kind": spec["names"]["kind"], "group": spec["group"], "version": one["name"]})
        for spec in (definition["spec"] for definition in listed)
        for one in spec["versions"]
        if one["served"]
    }


def _write_published(server: Any, folder: Path) -> set[str]:
    written: set[str] = set()
    for path, entry in _get(server, "/openapi/v3")["paths"].items():
        if path in {"api/v1"} or (path.startswith("apis/") and path.count("/") == 2):
            schemas = _get(server, entry["serverRelativeURL"])["components"]["schemas"]
            definitions = {name: _strict(schema) for name, schema in schemas.items()}
            for name, schema in schemas.items():
                for kind in schema.get("x-kubernetes-group-version-kind", []):
                    standalone = {"$ref": f"#/definitions/{name}", "definitions": definitions}
                    (folder / _file_name(kind)).write_text(json.dumps(standalone))
                    written.add(_file_name(kind))
    return written


def _get(server: Any, path: str) -> Any:
    return server.call_api(path, "GET", response_type="object", _return_http_data_only=True)


def _file_name(kind: dict[str, str]) -> str:
    group = kind["group"].partition(".")[0]
    parts = [kind["kind"], group, kind["version"]] if group else [kind["kind"], kind["version"]]
    return "-".join(parts).lower() + ".json"


def _strict(schema: Any) -> Any:
    """Let no field pass that the schema does not know; references point into one file."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: value.replace(_PREFIX, "#/definitions/")
        # A kind may have a field of that name as well.
        if key == "$ref" and isinstance(value, str)
        else _strict(value)
        for key, value in schema.items()
    }
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") is True
    if isinstance(schema.get("properties"), dict) and not open_ended:
        made.setdefault("additionalProperties", False)
    return made
