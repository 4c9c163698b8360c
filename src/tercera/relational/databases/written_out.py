"""A statement as people read and copy it: a step of it a line, and nothing that a shell takes for a key."""

from __future__ import annotations

import re

from sqlglot import Token, TokenType, tokenize
from sqlglot.errors import SqlglotError

_BREAKS = {
    TokenType.SELECT,
    TokenType.FROM,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.ORDER_BY,
    TokenType.UNION,
    TokenType.WITH,
    TokenType.LEFT,
    TokenType.INNER,
    TokenType.CROSS,
    TokenType.HAVING,
    TokenType.LIMIT,
}

_BY_CODE = {"duckdb": "chr", "postgres": "chr", "sqlite": "char", "spark": "chr"}
"""What makes a character of its number, where `||` joins texts: by dialect."""

_KEYS = re.compile(r"([\x00-\x1f\x7f])")


def written_out(statement: str, dialect: str | None) -> str:
    """The statement in lines, indented by how deep it is in brackets; as it is where its dialect can't be
    told apart into words. Control characters in its texts are told by their numbers: pasted into a shell a
    tab completes and others end things, and a browser makes a line feed of a carriage return."""
    try:
        tokens = tokenize(statement, read=dialect)
    except (SqlglotError, ValueError):
        return statement
    pieces, done, depth = [], 0, 0
    for token in tokens:
        if token.token_type in _BREAKS and token.start > done and statement[token.start - 1] in " (":
            pieces += [statement[done : token.start].rstrip(" "), "\n", "  " * depth]
            done = token.start
        if (text := _by_numbers(token, statement, _BY_CODE.get(dialect or ""))) is not None:
            pieces += [statement[done : token.start], text]
            done = token.end + 1
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
    return "".join([*pieces, statement[done:]])


def _by_numbers(token: Token, statement: str, function: str | None) -> str | None:
    """A text with control characters as an expression; None for all else."""
    written = statement[token.start : token.end + 1]
    if function is None or token.token_type is not TokenType.STRING or not _KEYS.search(written):
        return None
    if not (written.startswith("'") and written.endswith("'")):  # another way to write a text
        return None
    parts = [
        f"{function}({ord(part)})" if _KEYS.fullmatch(part) else f"'{part}'"
        for part in _KEYS.split(written[1:-1])
        if part
    ]
    return f"({' || '.join(parts)})"
