"""`docs/reference/cli.md`, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from typer.main import get_command

from tercera import errors
from tercera.cli.main import cli

_HEAD = """\
# Commands

<!-- Made by docs/generate.py from src/tercera/cli. Do not edit. -->

Every command reads `tercera.yaml` in the current folder; `-c FILE` (or `TERCERA_CONFIG`) names another.
`--json` prints one JSON object on stdout and nothing else ([what is in it](json.md)). `-v` anywhere on the
line shows the traceback of an error.
"""

_OTHER_CODES = """\
`tercera check` exits with 1 when something is not as it should be. `tercera run --once` exits with 3 when a
rule could not be swept (4: somebody decided about its alerts just then; run it again); the others were.
Ctrl-C gives 130.
"""


def command_page() -> str:
    """The page's text."""
    sections = [
        _HEAD,
        *(_section(words, command) for words, command in _commands("tercera", get_command(cli))),
    ]
    return "\n".join([*sections, _exit_codes()])


def _commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield f"{words} {name}", inner
        yield from _commands(f"{words} {name}", inner)


def _section(words: str, command: Any) -> str:
    shown = [each for each in command.params if each.name != "help" and not each.hidden]
    places = [each.metavar or each.name.upper() for each in shown if not _is_option(each)]
    inner = ["COMMAND"] if _needs_command(command) else []
    options = ["[OPTIONS]"] if any(map(_is_option, shown)) else []
    usage = " ".join([words, *options, *inner, *places])
    lines = [f"## {words}", "", cleandoc(command.help or ""), "", f"    {usage}", ""]
    if shown:
        lines += ["| | default | |", "|---|---|---|", *map(_row, shown), ""]
    return "\n".join(lines)


def _needs_command(command: Any) -> bool:
    return bool(getattr(command, "commands", None)) and not command.invoke_without_command


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _row(parameter: Any) -> str:
    name = (
        ", ".join(f"`{each}`" for each in parameter.opts)
        if _is_option(parameter)
        else f"`{_place(parameter)}`"
    )
    default = "required" if parameter.required else _default(parameter)
    return f"| {name} | {default} | {_cell(parameter.help or '')} |"


def _place(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _default(parameter: Any) -> str:
    value = parameter.default() if callable(parameter.default) else parameter.default
    if getattr(parameter, "is_flag", False) or value is None or value == "":
        return ""
    value = value.date() if hasattr(value, "date") else value
    return f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _exit_codes() -> str:
    all_leaves = (leaf for leaf in vars(errors).values() if isinstance(leaf, type))
    leaves = sorted(
        (leaf for leaf in all_leaves if errors.TerceraError in leaf.__bases__),
        key=lambda leaf: leaf.exit_code,
    )
    rows = [
        f"| {leaf.exit_code} | {_cell(cleandoc(leaf.__doc__ or '').split(chr(10))[0])} |" for leaf in leaves
    ]
    table = ["| code | |", "|---|---|", "| 0 | Done. |", "| 1 | Something failed. |", *rows]
    return "\n".join(["## Exit codes", "", *table, "", _OTHER_CODES])
