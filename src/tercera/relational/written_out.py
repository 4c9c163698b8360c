"""A statement as people read it: a step of it a line. Only white space between its words is added."""

from __future__ import annotations

from sqlglot import TokenType, tokenize
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


def written_out(statement: str, dialect: str | None) -> str:
    """The statement in lines, indented by how deep it is in brackets; as it is where its dialect can't be
    told apart into words."""
    try:
        tokens = tokenize(statement, read=dialect)
    except (SqlglotError, ValueError):
        return statement
    pieces, done, depth = [], 0, 0
    for token in tokens:
        if token.token_type in _BREAKS and token.start > done and statement[token.start - 1] in " (":
            pieces += [statement[done : token.start].rstrip(" "), "\n", "  " * depth]
            done = token.start
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
    return "".join([*pieces, statement[done:]])
