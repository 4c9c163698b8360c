"""A shop whose orders came back by carrier, on a real ledger over files that change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tercera.cycle import Report, cycle
from tercera.cycle.sweep import Swept, Terms
from tercera.ledger import Ledger
from tercera.messages import Message, NoticeKind, NoticeState, Outcome
from tercera.model import Counting, Level, Match, Period, Reason, RuleId
from tercera.orders import Source
from tercera.rules import Listener, Rule
from tercera.sources import load
from tercera.telling.routing import Route, Routes

RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "America/Bogota"),
    (Level("notice", 3), Level("warning", 5), Level("critical", 8)),
    (Listener("customer", ("notice",)), Listener("operations", ("critical",))),
    timedelta(days=30),
    (Reason.OPENED, Reason.ESCALATED, Reason.EASED, Reason.RETRACTED, Reason.CLOSED),
)
OPERATIONS = Route("operations", ("ops@example.com",))
ROUTES = Routes(
    {"customer": Route("customer", None), "operations": OPERATIONS, "room": Route("room", ("r",))}
)
Told = list[tuple[str, str]]


@dataclass
class Shop:
    """Customers, each with the carriers of the orders that came back in June."""

    folder: Path
    ledger: Ledger
    rule: Rule = RULE
    now: datetime = datetime(2023, 6, 10, 12, tzinfo=UTC)
    others: tuple[Rule, ...] = ()
    terms: Terms = field(default_factory=lambda: Terms(ROUTES))

    def sweep(self, days: int = 1, **carriers: str) -> Swept:
        """Writes the orders as they now are (`U` for UPS, `D` for DHL), and sweeps some days later."""
        self.now += timedelta(days=days)
        self.write(**carriers)
        report = self.cycle()
        assert not report.failed
        return report.swept[0]

    def write(self, **carriers: str) -> None:
        """The orders as they now are."""
        rows = ["order_id,customer_id,placed_at,status,carrier", "x,nobody,2023-06-01,delivered,DHL"]
        for customer, letters in carriers.items():
            rows.append(f"{customer}-kept,{customer},2023-06-02,delivered,DHL")
            rows += [
                f"{customer}-{number},{customer},2023-06-02,returned,{'DHL' if letter == 'D' else 'UPS'}"
                for number, letter in enumerate(letters)
            ]
        (self.folder / "orders.csv").write_text("\n".join(rows) + "\n")
        (self.folder / "customers.csv").write_text(
            "id,name,email,tier\nana,Ana,ana@example.com,vip\nben,Ben,ben@example.com,new\n"
            "eva,Eva,ana@example.com,new\n"
        )

    def cycle(self) -> Report:
        """One cycle over all the rules, now."""
        with self.source() as source:
            return cycle(
                [self.rule, *self.others],
                source,
                self.ledger,
                self.terms,
                now=self.now,
                clock=lambda: self.now,
            )

    @contextmanager
    def source(self) -> Iterator[Source]:
        """The files as they are now."""
        files = load("files")
        settings = files.Settings.model_validate(
            {
                "kind": "files",
                "orders": {"path": "orders.csv", "fields": {"carrier": "carrier"}},
                "customers": {"path": "customers.csv", "fields": {"segment": "tier"}},
            }
        )
        source: Source = files.open_source(settings, "America/Bogota", base=self.folder)
        try:
            yield source
        finally:
            source.close()

    def sent(self) -> list[Message]:
        """Sends all that is due."""
        messages = self.ledger.post.claim(self.now, 1000)
        self.ledger.post.settle(
            [Outcome(each.key, self.now, NoticeState.SENT, "250 ok") for each in messages]
        )
        return messages

    def told(self) -> Told:
        """Sends all that is due; gives to whom, and why."""
        return sorted(
            (message.recipient, notice.reason)
            for message in self.sent()
            for notice in message.notices
            if notice.kind is NoticeKind.ALERT
        )
