"""A YAML file as plain values, with the line of each, and `${…}` filled in from the environment.

Filling in happens after parsing, so that a password with a colon or a hash in it can't change the document.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tercera.errors import ConfigError

KeyPath = tuple[str | int, ...]

_PLACE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Document:
    """A parsed file. `lines` gives the line of each path; `filled` holds the paths whose text came from
    outside the file and must not be shown, as they are written, `unfilled` those for which there was none;
    `mistakes` what was already wrong."""

    name: str
    base: Path
    """The folder that relative paths start from."""

    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    filled: dict[KeyPath, str] = field(default_factory=dict)
    unfilled: list[KeyPath] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def place(self, path: KeyPath) -> str:
        """`tercera.yaml:12: rules.0.levels`, with the nearest parent's line where the path has none."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        where = f"{self.name}:{self.lines.get(known, 1)}"
        return f"{where}: {'.'.join(map(str, path))}" if path else where

    def in_order(self) -> list[str]:
        """The mistakes as they come in the file."""
        return sorted(self.mistakes, key=lambda mistake: int(mistake.split(":", 2)[1]))

    def wrong(self, path: KeyPath, what: str) -> None:
        """Notes a mistake."""
        self.mistakes.append(f"{self.place(path)}: {what}")


def _likely(problem: str) -> str:
    """What a person did where the parser has only its own words for it."""
    if "'\\t'" in problem:
        return "; indent with blanks, not with tabs"
    if "mapping values" in problem or "expected <block end>" in problem:
        return "; look at how this line and the one above are indented, and put a value with : or # in quotes"
    return ""


def read_document(path: Path, environment: Mapping[str, str] | None = None) -> Document:
    """Reads and fills in a file. What can't even be parsed is one mistake, with its line."""
    document = Document(path.name, path.resolve().parent)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        where = "" if path.is_absolute() else f" in {Path.cwd()}"
        document.mistakes.append(
            f"{path}: there is no such file; `tercera init` writes one{where}, -c FILE names another"
        )
    except OSError as error:
        document.mistakes.append(f"{path}: can't be read: {error.strerror}")
    except UnicodeDecodeError as error:
        document.mistakes.append(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        document.mistakes.append(
            f"{path.name}:{line}: is no YAML: {error.problem}{_likely(str(error.problem))}"
        )
    except yaml.YAMLError as error:
        document.mistakes.append(f"{path.name}: is no YAML: {' '.join(str(error).split())}")
    else:
        if not isinstance(node, yaml.MappingNode):
            document.mistakes.append(f"{path.name}:1: holds no settings; `tercera init` writes an example")
        else:
            fill = _Filler(
                document, environment_beside(path) if environment is None else environment, path.parent
            )
            document.value = _build(document, node, (), fill)
    return document


def environment_beside(path: Path) -> dict[str, str]:
    """The environment, and below it the `.env` beside the file. ConfigError when that can't be read."""
    from dotenv import dotenv_values

    file = path.parent / ".env"
    try:
        beside = dotenv_values(file, interpolate=False, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{file}: is not UTF-8 (byte {error.start}); save it as UTF-8"]) from None
    except OSError as error:
        raise ConfigError([f"{file}: can't be read: {error.strerror}"]) from None
    return {**{name: value for name, value in beside.items() if value is not None}, **os.environ}


def _build(document: Document, node: yaml.Node, path: KeyPath, fill: Callable[[str, KeyPath], str]) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in built:
                document.wrong((*path, key), f"stands twice (again in line {line}); keep one")
                continue
            document.lines[*path, key] = line
            built[key] = _build(document, value_node, (*path, key), fill)
        return built
    if isinstance(node, yaml.SequenceNode):
        return [_build(document, item, (*path, place), fill) for place, item in enumerate(node.value)]
    if node.tag == "tag:yaml.org,2002:str":
        return fill(node.value, path)
    if node.tag == "tag:yaml.org,2002:bool" and node.value.lower() not in ("true", "false"):
        return node.value  # `no` is a status or a country before it is a refusal
    if node.tag in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:binary") or not node.tag.startswith(
        "tag:yaml"
    ):
        return node.value
    return yaml.SafeLoader("").construct_object(node, deep=True)


def names_in(text: str) -> tuple[str, ...]:
    """What a text with `${…}` is filled in from: `SMTP_PASSWORD`, `file:secrets/key`; never what it would be
    otherwise."""
    return tuple(found[1].partition(":-")[0] for found in _PLACE.finditer(text))


class _Filler:
    """Puts the environment and files into `${NAME}`, `${NAME:-otherwise}` and `${file:path}`."""

    def __init__(self, document: Document, environment: Mapping[str, str], base: Path) -> None:
        self._document = document
        self._environment = environment
        self._base = base

    def __call__(self, text: str, path: KeyPath) -> str:
        if "${" not in text:
            return text
        self._document.filled[path] = text
        return _PLACE.sub(lambda found: self._look_up(found[1], path), text)

    def _look_up(self, inside: str, path: KeyPath) -> str:
        if inside.startswith("file:"):
            return self._from_file(inside.removeprefix("file:"), path)
        name, has_default, default = inside.partition(":-")
        if not _NAME.fullmatch(name):
            self._document.wrong(
                path, f"${{{inside}}} is neither ${{NAME}}, ${{NAME:-otherwise}} nor ${{file:path}}"
            )
        elif name in self._environment:
            return self._environment[name]
        elif has_default:
            return default
        else:
            self._document.wrong(
                path, f"the environment variable {name} is not set; export it or add it to .env"
            )
        self._document.unfilled.append(path)
        return ""

    def _from_file(self, name: str, path: KeyPath) -> str:
        try:
            return (self._base / name).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self._document.wrong(path, f"the file {name} can't be read: {reason}")
            self._document.unfilled.append(path)
            return ""
