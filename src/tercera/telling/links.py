"""Links from a mail of operations to the dashboard: to an alert's page, and to answering it without a login.

The second one is signed: it says which alert, who was asked and until when, and nobody can make or change
one. It is drawn from what was decided alone, so that a mail that is sent twice is word for word the same.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from tercera.messages import Channel, Notice, NoticeKind
from tercera.model import RuleId, SubjectId, WindowId
from tercera.signing import Keys

_PURPOSE = "answer"
_MARK = 32
"""Hexadecimal characters of the signature: 128 bits."""

_TOKEN = re.compile(r"([0-9]{1,18})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{0,600})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link says: which alert, who was asked, until when it can be answered. Not yet believed."""

    alert: int
    who: str
    until: datetime
    mark: str


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links under `url`, which browsers reach. Those to answer by are good for `lasts` from when the
    step was decided; without `answers` there are none."""

    url: str
    keys: Keys
    lasts: timedelta
    answers: bool = True

    def page(self, notice: Notice) -> str:
        """The alert's page, which takes a login."""
        return f"{self.url}/alerts/{notice.alert}"

    def answer(self, notice: Notice, who: str) -> str:
        """Where somebody answers; "" for what can't be answered."""
        if not self.answers or notice.kind is not NoticeKind.ALERT:
            return ""
        seconds = int((notice.at + self.lasts).timestamp())
        name = urlsafe_b64encode(who.encode()).decode().rstrip("=")
        until = datetime.fromtimestamp(seconds, UTC)
        mark = _mark(self.keys, notice.alert, notice.rule, notice.subject, notice.window, who, until)
        return f"{self.url}/answer/{notice.alert}.{seconds:x}.{name}.{mark}"


def read_token(token: str) -> Asked | None:
    """What the last part of a link says; None for what never was one."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    try:
        who = urlsafe_b64decode(found[3] + "=" * (-len(found[3]) % 4)).decode()
        return Asked(int(found[1]), who, datetime.fromtimestamp(int(found[2], 16), UTC), found[4])
    except (ValueError, OverflowError, OSError):
        return None


def is_ours(keys: Keys, asked: Asked, rule: RuleId, subject: SubjectId, window: WindowId) -> bool:
    """Whether we made the link, for the alert of this pair: numbers of alerts are given anew when a ledger is
    begun anew, and an old link must not speak of somebody else."""
    made = _mark(keys, asked.alert, rule, subject, window, asked.who, asked.until)
    return keys.equal(made, asked.mark)


def _mark(
    keys: Keys, alert: int, rule: RuleId, subject: SubjectId, window: WindowId, who: str, until: datetime
) -> str:
    parts = (str(alert), rule, subject, window, who, until.isoformat())
    return keys.sign(_PURPOSE, "".join(f"{len(part)}:{part}" for part in parts))[:_MARK]


@runtime_checkable
class Linkable(Protocol):
    """A channel whose messages can show links."""

    def linked(self, links: Links) -> Channel:
        """The same channel, with links."""
        ...
