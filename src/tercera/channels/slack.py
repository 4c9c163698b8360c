"""The `slack` channel: one post of blocks per message, through an incoming webhook.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from tercera.channels._http import Connection, HookSettings, HttpChannel, Server, accepted, server
from tercera.messages import Message
from tercera.rendering.brief import Brief, write_brief

__all__ = ["Settings", "blocks", "open_channel"]

_OURS = (403, 404, 405, 410)
"""`invalid_token`, `no_service`, `channel_is_archived` …: the webhook is gone or may not post. The message is
good, and goes out when the url leads somewhere again."""

_FIELDS, _FIELD, _TEXT, _BLOCK_ID = 10, 2000, 3000, 255  # Slack's limits
_LINES = 25


class Settings(HookSettings):
    """A channel in Slack, by its incoming webhook."""

    kind: Literal["slack"] = "slack"


def open_channel(settings: Settings) -> SlackChannel:
    """The channel of these settings. Connects to nothing. ConfigError: the CA file can't be used."""
    return SlackChannel(settings, server(settings, settings.endpoint, allow_private=settings.allow_private))


class SlackChannel(HttpChannel):
    """Posts to one incoming webhook."""

    def __init__(self, settings: Settings, server: Server) -> None:
        super().__init__(server)
        self._settings = settings

    def post(self, connection: Connection, message: Message) -> str:
        """See `HttpChannel`."""
        brief = write_brief(message, self._settings.language, _LINES)
        body = json.dumps(payload(message.key, brief), separators=(",", ":")).encode("ascii")
        endpoint, headers = self.server.endpoint, {"Content-Type": "application/json"}
        answer = connection.request("POST", endpoint.target, headers, body)
        return accepted(endpoint.place, answer, ours=_OURS)


def payload(key: str, brief: Brief) -> dict[str, Any]:
    """The post. No link in it is unfolded: Slack would call the addresses that strangers wrote."""
    return {
        "text": escaped(brief.headline),
        "blocks": blocks(key, brief),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def blocks(key: str, brief: Brief) -> list[dict[str, Any]]:
    """Header, facts, orders (or alerts), and in small type how to learn more.

    The message's key is the first block's id, by which a repeat can be told from another alert. What
    strangers wrote stands in plain text, which Slack does not interpret, or is escaped.
    """
    made: list[dict[str, Any]] = [
        {"type": "header", "block_id": key[:_BLOCK_ID], "text": _plain(brief.headline, 150)}
    ]
    if brief.facts:
        fields = [_field(label, value) for label, value in brief.facts]
        made.append({"type": "section", "fields": fields[:_FIELDS]})
    lines = [*(f"• {line}" for line in brief.lines), *([brief.more] if brief.more else [])]
    made += [{"type": "section", "text": _plain(text, _TEXT)} for text in _packed(lines)]
    closing = " · ".join(part for part in (brief.reference, brief.command) if part)
    if closing:
        made.append({"type": "context", "elements": [_plain(closing, _TEXT)]})
    return made


def escaped(text: str) -> str:
    """What is a mention, a link or a command to Slack becomes text: it all begins with one of three signs."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _field(label: str, value: str) -> dict[str, Any]:
    text = f"*{escaped(label)}*\n{escaped(value)}"
    assert len(text) <= _FIELD, "a fact is one short line, and escaping makes it five times as long at most"
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:limit], "emoji": False}


def _packed(lines: list[str]) -> Iterator[str]:
    """As many lines as fit into a block, block after block."""
    block = ""
    for line in lines:
        if block and len(block) + 1 + len(line) > _TEXT:
            yield block
            block = ""
        block = f"{block}\n{line}" if block else line
    if block:
        yield block
