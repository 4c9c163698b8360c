"""The only wiring: settings → source, ledger, channels, routes. Nothing connects before it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tercera import channels as channel_kinds
from tercera import sources as source_kinds
from tercera.config import Settings, load_settings
from tercera.config.reading import reading_of
from tercera.errors import ConfigError, DeliveryError, NotFoundError
from tercera.messages import Channel
from tercera.model import RuleId
from tercera.orders import Source
from tercera.rules import Rule
from tercera.signing import Keys, read_keys
from tercera.tally.changes import Followable
from tercera.telling.links import Linkable, Links
from tercera.telling.routing import Route, Routes
from tercera.telling.statement import STATEMENTS
from tercera.telling.timing import Timing
from tercera.telling.watch import Watched, is_reserved

if TYPE_CHECKING:
    from tercera.cycle.live import Live
    from tercera.cycle.sweep import Terms
    from tercera.deliver import Delivery
    from tercera.deliver.ping import Ping
    from tercera.ledger import Ledger


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


@dataclass
class App:
    """A configured Tercera. Parts are made when first asked for."""

    settings: Settings
    clock: Callable[[], datetime] = field(default=utc_now)

    @cached_property
    def source(self) -> Source:
        """Where orders and customers are read."""
        module = source_kinds.load(self.settings.source.kind)
        source: Source = module.open_source(
            self.settings.source, self.settings.timezone, base=self.settings.base
        )
        return source

    @cached_property
    def keys(self) -> Keys:
        """What links and forms are signed with. Raises `ConfigError`."""
        secret = self.settings.web.secret
        return read_keys(secret.get_secret_value() if secret else None, self.settings.base)

    @cached_property
    def links(self) -> Links | None:
        """What mails of operations lead to; None where browsers' way to the dashboard is not configured."""
        web = self.settings.web
        if web.url is None:
            return None
        return Links(web.url, self.keys, web.links_last, answers=web.mail_links)

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """Every configured channel by name."""
        return {
            name: _linked(channel_kinds.load(settings.kind).open_channel(settings), self.links)
            for name, settings in self.settings.channels.items()
        }

    @cached_property
    def routes(self) -> Routes:
        """Every channel as routing sees it."""
        by_name = {
            name: _route(name, settings, self.settings.timezone)
            for name, settings in self.settings.channels.items()
        }
        operations = self.settings.operations
        return Routes(by_name, by_name[operations] if operations else None)

    @cached_property
    def ping(self) -> Ping | None:
        """The sign of life after each cycle, if one is configured."""
        from tercera.deliver.ping import Ping

        return Ping(self.settings.ping) if self.settings.ping else None

    @property
    def timings(self) -> dict[str, Timing]:
        """When each channel may speak, and how often."""
        zone = self.settings.timezone
        return {name: settings.timing(zone) for name, settings in self.settings.channels.items()}

    @property
    def currency(self) -> str | None:
        """Of the orders' amounts."""
        currency: str | None = self.settings.source.orders.currency
        return currency

    def rule(self, rule_id: str | None) -> Rule:
        """A rule by its id; the only one when there is just one. Raises `NotFoundError`."""
        known = ", ".join(rule.id for rule in self.settings.rules)
        if rule_id is None:
            if len(self.settings.rules) > 1:
                raise NotFoundError(f"there are several rules ({known}); say which with --rule")
            return self.settings.rules[0]
        for rule in self.settings.rules:
            if rule.id == rule_id:
                return rule
        if is_reserved(rule_id):
            raise NotFoundError(
                f"{rule_id!r} is none of your rules but what Tercera watches itself; "
                f"`tercera alerts --rule {rule_id}` lists its alerts"
            )
        raise NotFoundError(f"there is no rule {rule_id!r}; known: {known}").said_as(
            "no_rule", id=rule_id, known=known
        )

    def silenceable(self, rule_id: str) -> RuleId:
        """The id of a rule, or of something that Tercera watches itself. Raises `NotFoundError`."""
        return RuleId(rule_id) if rule_id in (*Watched, STATEMENTS) else self.rule(rule_id).id

    @property
    def has_ledger(self) -> bool:
        """Whether anything was ever run. Raises `LedgerError` when a server can't be asked."""
        from tercera.ledger import ledger_exists

        return ledger_exists(self.settings.ledger)

    @property
    def ledger_shown(self) -> str:
        """Where the ledger is, without its password."""
        from tercera.ledger import shown_address

        return shown_address(self.settings.ledger)

    @contextmanager
    def ledger(self, *, read_only: bool = False) -> Iterator[Ledger]:
        """The product's own state, closed at the end."""
        from tercera.ledger import open_ledger

        ledger = open_ledger(self.settings.ledger, read_only=read_only, lease=self.settings.lease)
        try:
            yield ledger
        finally:
            ledger.close()

    def terms(self, *, notify_history: bool = False) -> Terms:
        """What every sweep goes by."""
        from tercera.cycle.sweep import Terms

        return Terms(
            self.routes,
            self.settings.guard,
            self.currency,
            notify_history,
            self.settings.watch,
            reading_of(self.settings.source),
        )

    def live(self, ledger: Ledger, *, notify_history: bool = False) -> Live:
        """What looks at single subjects as their orders change."""
        from tercera.cycle.live import Live

        return Live(self.source, ledger, self.terms(notify_history=notify_history), self.clock)

    @property
    def followable(self) -> Followable:
        """The source, as one that tells of changes. Raises `ConfigError`."""
        if not isinstance(self.source, Followable):
            kind = self.settings.source.kind
            raise ConfigError(f"schedule.live: a source of kind {kind} can't tell of changes")
        return self.source

    def delivery(
        self, ledger: Ledger, tell: Callable[[str, DeliveryError | None], None] = lambda *_: None
    ) -> Delivery:
        """What delivering from this ledger needs. `tell` hears of channels that are left alone, or back."""
        from tercera.deliver import Delivery

        return Delivery(
            ledger,
            self.channels,
            self.routes.operations,
            self.clock,
            policy=self.settings.delivery.policy(),
            connections=self.settings.delivery.connections,
            timings=self.timings,
            tell=tell,
        )

    def close(self) -> None:
        """Lets go of the source's connections."""
        if "source" in self.__dict__:
            self.source.close()


@contextmanager
def open_app(path: Path, clock: Callable[[], datetime] = utc_now) -> Iterator[App]:
    """An app from a configuration file. Raises `ConfigError`."""
    app = App(load_settings(path), clock)
    try:
        yield app
    finally:
        app.close()


def _linked(channel: Channel, links: Links | None) -> Channel:
    """The channel, with links to the dashboard where it can show them."""
    return channel.linked(links) if links is not None and isinstance(channel, Linkable) else channel


def _route(name: str, settings: Any, zone: str) -> Route:
    return Route(name, settings.recipients, settings.language, bool(settings.digest), settings.daily(zone))
