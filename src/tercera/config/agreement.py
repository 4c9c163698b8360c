"""What must agree between the parts of a configuration: names of channels and of order fields.

It is read off the document as it stands, so that a mistake in one part does not hide those of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tercera.config.document import Document, KeyPath
from tercera.config.names import mapping, nearest, order_fields
from tercera.config.notified import check_notify
from tercera.config.settings import LIVE_EVERY
from tercera.model import CUSTOMER
from tercera.notation.durations import parse_duration


def check_agreement(document: Document, source: Any, channels: dict[str, Any]) -> None:
    """Notes every name that nothing stands for. `source` and `channels` are the settings that were good."""
    configured = mapping(document.value.get("channels"))
    _check_rule_ids(document)
    for path, rule in _rules(document):
        check_notify(document, path, rule, configured)
        _check_fields(document, path, rule)
        _check_statement(document, path, rule, configured)
    operations = document.value.get("operations")
    if operations is not None and operations not in configured:
        document.wrong(("operations",), f"{operations!r} is no channel{nearest(str(operations), configured)}")
    _check_heartbeat(document)
    _check_live(document, source)
    for name, channel in channels.items():
        _check_channel(document, name, channel, source)


def _check_rule_ids(document: Document) -> None:
    seen: set[str] = set()
    for path, rule in _rules(document):
        if (name := str(rule.get("id"))) in seen and "id" in rule:
            document.wrong((*path, "id"), f"{name!r} is the id of two rules; ids are unique")
        seen.add(name)


def _check_fields(document: Document, path: KeyPath, rule: dict[str, Any]) -> None:
    names = order_fields(document)
    for name in mapping(rule.get("when")):
        if name not in names:
            document.wrong((*path, "when", name), f"is no order field{nearest(name, names)}")
    per = rule.get("per", CUSTOMER)
    if per not in {CUSTOMER, *names}:
        document.wrong((*path, "per"), f"{per!r} is no order field{nearest(str(per), {CUSTOMER, *names})}")


def _check_channel(document: Document, name: str, channel: Any, source: Any) -> None:
    if channel.kind == "email" and channel.server is None:
        document.wrong(
            ("channels", name), "an email channel needs a mail server; add email: {host: …, sender: …}"
        )
    if channel.recipients is None and source is not None and source.customers is None:
        document.wrong(
            ("channels", name, "to"), "customers can't be told without source.customers, their directory"
        )


def _check_statement(
    document: Document, path: KeyPath, rule: dict[str, Any], configured: dict[str, Any]
) -> None:
    """Statements are for people who are not the customer."""
    named = rule.get("statement")
    for place, name in enumerate(named if isinstance(named, list) else ()):
        where, channel = (*path, "statement", place), mapping(configured.get(str(name)))
        if name not in configured:
            document.wrong(where, f"{name!r} is no channel{nearest(str(name), configured)}")
        elif channel.get("to") == CUSTOMER:
            document.wrong(where, f"{name!r} writes to customers; a statement is for operations")
        elif channel.get("kind") == "alertmanager":
            document.wrong(where, f"{name!r} takes alerts; a statement is none: name another channel")


def _check_live(document: Document, source: Any) -> None:
    """Whether the source can tell of changes, where they are to be followed."""
    if mapping(document.value.get("schedule")).get("live") is not True or source is None:
        return
    unfollowable = getattr(source, "unfollowable", f"a source of kind {source.kind} can't tell of changes")
    if unfollowable is not None:
        document.wrong(("schedule", "live"), f"{unfollowable}; leave live out and sweep more often")


def _check_heartbeat(document: Document) -> None:
    """A pause that is shorter than that between two sweeps would always be too long."""
    longest = mapping(document.value.get("heartbeat")).get("max_age")
    if longest is None:
        return
    try:
        pause = _longest_pause(mapping(document.value.get("schedule")), str(document.value.get("timezone")))
        too_short = parse_duration(str(longest)) <= pause
    except (ValueError, OverflowError, KeyError):
        return  # told of where it stands
    if too_short:
        words = f"{longest} is no longer than the pause between sweeps, which can be {pause}; give more"
        document.wrong(("heartbeat", "max_age"), words)


def _longest_pause(schedule: dict[str, Any], zone: str) -> timedelta:
    """Between two sweeps; of a cron line the longest among the first of the year."""
    if "cron" not in schedule:
        usual = LIVE_EVERY if schedule.get("live") is True else "1m"
        return parse_duration(str(schedule.get("every", usual)))
    from apscheduler.triggers.cron import CronTrigger

    trigger = CronTrigger.from_crontab(str(schedule["cron"]), timezone=ZoneInfo(zone))
    last = trigger.get_next_fire_time(None, datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)))
    longest = timedelta(0)
    for _ in range(2000):
        following = last and trigger.get_next_fire_time(last, last + timedelta(seconds=1))
        if following is None:
            break
        longest, last = max(longest, following - last), following
    return longest


def _rules(document: Document) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    rules = document.value.get("rules")
    for place, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield ("rules", place), rule
