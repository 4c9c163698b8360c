"""Times on pages: as the language writes them, in the configured zone, with the exact instant for whatever
reads the page."""

from __future__ import annotations

from datetime import date, datetime

from markupsafe import Markup, escape

from tercera.rendering.words import Words
from tercera.web.site import Site


def when(site: Site, words: Words, moment: datetime | None) -> Markup:
    """A moment as people read it; `–` for none."""
    if moment is None:
        return Markup("–")
    here = moment.astimezone(site.zone)
    return marked(here, words.placed(here))


def placed(words: Words, at: datetime | date) -> Markup:
    """When an order was placed: a day, or a moment by the clock that it carries."""
    return marked(at, words.placed(at))


def shortly(site: Site, words: Words, moment: datetime) -> Markup:
    """Of today, the time alone."""
    here = moment.astimezone(site.zone)
    today = here.date() == site.now().astimezone(site.zone).date()
    return marked(here, words.clock(here) if today else words.placed(here))


def marked(at: datetime | date, text: str) -> Markup:
    """The text as HTML's `time`, which holds days and instants with their offset, to the millisecond."""
    exact = at.isoformat(timespec="milliseconds") if isinstance(at, datetime) else at.isoformat()
    return Markup('<time datetime="{}">{}</time>').format(exact, text)


def said(words: Words, key: str, count: int | None = None, **values: object) -> str:
    """The phrase of `key`, in which values that are HTML stay it; everything else is escaped as ever."""
    if not any(isinstance(value, Markup) for value in values.values()):
        return words.say(key, count, **values)
    phrase = Markup(escape(words.phrase(key, count)))  # noqa: S704 - escaped
    return phrase.format(**{"count": words.counted(count), **values})
