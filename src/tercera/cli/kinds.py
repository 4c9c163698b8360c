"""`tercera kinds` and `tercera schema`: what can be configured, for people and for editors."""

from __future__ import annotations

import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import typer

from tercera.cli.output import JsonOption, console, print_json, table, visible


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command("kinds")(kinds)
    cli.command("schema")(schema)


def kinds(json: JsonOption = False) -> None:
    """List the kinds of sources and channels that `kind:` may name, and the engines of `sql`."""
    from tercera import channels, sources
    from tercera.relational import engines

    found = {"sources": _meanings(sources), "channels": _meanings(channels)}
    found["engines"] = {name: _meaning(f"{engines.__name__}.{name}", name) for name in engines.names()}
    if json:
        print_json(
            {
                what: [{"kind": kind, "meaning": meaning} for kind, meaning in each.items()]
                for what, each in found.items()
            }
        )
        return
    for what, each in found.items():
        rows = table(what.capitalize(), "kind", "")
        for kind, meaning in each.items():
            rows.add_row(visible(kind), visible(meaning))
        console().print(rows)


def schema() -> None:
    """Print the JSON Schema of tercera.yaml, for editors.

    Keep it in a file, and begin tercera.yaml with `# yaml-language-server: $schema=tercera.schema.json`:
    the editor then completes keys and marks mistakes.
    """
    import json

    from tercera.config.schema import configuration_schema

    sys.stdout.write(json.dumps(configuration_schema(), indent=2, ensure_ascii=False) + "\n")


def _meanings(package: ModuleType) -> dict[str, str]:
    listed: Any = package
    return {kind: _meaning(f"{package.__name__}.{kind}", kind) for kind in listed.kinds()}


def _meaning(module: str, kind: str) -> str:
    """The first line of a module's docstring, or its first paragraph where that is one sentence. The module
    is read, not imported: drivers take long to load."""
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    text = ast.get_docstring(ast.parse(Path(found.origin).read_text(encoding="utf-8"))) or ""
    first = text.partition("\n")[0]
    told = first if first.endswith(".") else text.partition("\n\n")[0].replace("\n", " ")
    line = re.sub(rf"^The `{kind}` \w+: ", "", told)
    return line[:1].upper() + line[1:].replace("`", "")
