"""`docs/reference/api.md`, from the API's own description."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HEAD = """\
# The API

<!-- Made by docs/generate.py from src/tercera/web. Do not edit. -->

[How to use it](../howto/api.md). The same as OpenAPI 3.1, for generators of clients:
`GET /api/v1/openapi.json`. Every answer of 400 and above is a [Problem](#problem), as
`application/problem+json`. Each operation may be answered with 400, 401, 403, 422, 500 and 503, those that
take a body with 408 and 413; what else is told with it.
"""

_CONFIGURATION = """\
timezone: UTC
source: {kind: files, orders: {path: orders.csv}}
rules: [{id: one, title: One, when: {status: [returned]}, levels: {notice: 3}, notify: [operations]}]
channels: {operations: {kind: log, to: stderr}}
"""

_USUAL = {"400", "401", "403", "408", "413", "422", "500", "503"}


def api_page() -> str:
    """The page's text."""
    described = _description()
    operations = (
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    )
    shapes = described["components"]["schemas"]
    parts = [
        _HEAD,
        *(_operation(*each) for each in operations),
        "# Shapes\n",
        *(_shape(name, shapes[name]) for name in sorted(shapes)),
    ]
    return "\n".join(parts)


def _description() -> dict[str, Any]:
    """Of an application that is never served. Loaded late: the page of the commands tells every error that is
    loaded, and those of the server are none of a command."""
    from tercera.app import open_app
    from tercera.web.building import build
    from tercera.web.site import Site

    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "tercera.yaml")
        config.write_text(_CONFIGURATION, encoding="utf-8")
        with open_app(config) as app, app.ledger() as ledger:
            return build(Site(app, ledger, app.keys)).openapi()


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"## {method} {path}", "", f"{operation['summary']}. {operation['description']}", ""]
    rows = list(_parameters(operation))
    if rows:
        lines += ["| | | |", "|---|---|---|", *rows, ""]
    if body := _body(operation):
        lines += [f"Takes {body}.", ""]
    lines += [f"Answers {', '.join(_answers(operation['responses']))}.", ""]
    return "\n".join(lines)


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    for each in operation.get("parameters", ()):
        needed = ", needed" if each.get("required") else ""
        said = each.get("description", "")
        yield _row(f"`{each['name']}` ({each['in']}{needed})", _type(each["schema"]), said)


def _body(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return " or ".join(f"`{kind}`: {_type(each['schema'])}" for kind, each in content.items())


def _answers(responses: dict[str, Any]) -> Iterator[str]:
    for status, each in responses.items():
        if status in _USUAL:
            continue
        schema = each.get("content", {}).get("application/json", {}).get("schema")
        yield f"{status} with {_type(schema)}" if schema else status


def _shape(name: str, schema: dict[str, Any]) -> str:
    lines = [f"## {name}", "", schema.get("description", ""), ""]
    if "enum" in schema:
        return "\n".join([*lines, f"One of {_values(schema['enum'])}.", ""])
    rows = [
        _row(f"`{field}`", _type(each), each.get("description", "") + _needed(field, schema))
        for field, each in schema.get("properties", {}).items()
    ]
    return "\n".join([*lines, "| | | |", "|---|---|---|", *rows, ""])


def _needed(field: str, schema: dict[str, Any]) -> str:
    """Answers have every field; of what is asked, those without a default are needed."""
    needed = schema.get("required", ())
    return " Needed." if field in needed and len(needed) < len(schema["properties"]) else ""


def _type(schema: dict[str, Any]) -> str:
    """In a few words, with links to shapes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each) for each in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return _values(schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    return str(schema.get("format") or {"string": "text", "integer": "number"}.get(kind, kind))


def _values(values: list[Any]) -> str:
    return ", ".join(f"`{each}`" for each in values)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
