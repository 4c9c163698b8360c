"""The pictures of a digest: one for each of its largest alerts. One that fails is left out, and logged."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tercera.messages import Message, Notice
from tercera.rendering import charts
from tercera.rendering.view import ChartView, MessageView, NoticeView, by_size, change_of
from tercera.rendering.words import Words

PICTURES = 12
"""At most so many: each costs time, and a mail that nobody scrolls through needs no more."""

log = logging.getLogger("tercera.rendering")


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that a mail embeds under a content id."""

    cid: str
    content: bytes


def illustrated(message: Message, view: MessageView, words: Words) -> tuple[MessageView, tuple[Picture, ...]]:
    """The view with its pictures, and these."""
    drawn = dict(_drawn(message, words))
    told = {notice.id: notice for notice in by_size(message)}
    places = {(notice.alert, notice.step, change_of(notice)): notice for notice in told.values()}

    def shown(each: NoticeView) -> NoticeView:
        notice = places.get((each.alert, each.step, each.change))
        picture = drawn.get(notice.id) if notice else None
        return replace(each, chart=_chart(each, picture, words)) if picture else each

    alerts = tuple(map(shown, view.alerts))
    return replace(view, alerts=alerts), tuple(drawn.values())


def _drawn(message: Message, words: Words) -> Iterator[tuple[int, Picture]]:
    worth = ((notice, course) for notice in by_size(message) if (course := _course(notice)))
    for _, (notice, course) in zip(range(PICTURES), worth, strict=False):
        try:
            content = charts.draw(course, words)
        except Exception as error:  # noqa: BLE001 - a mail without its picture says all the same
            log.warning(
                "the chart of alert %d is left out: %s",
                notice.alert,
                f"{type(error).__name__}: {error}"[:200],
            )
            return
        mark = hashlib.sha256(f"{message.key} {notice.id}".encode()).hexdigest()[:24]
        yield notice.id, Picture(f"{mark}@chart.tercera", content)


def _course(notice: Notice) -> charts.Course | None:
    try:
        return charts.course_of(notice)
    except (ValueError, ArithmeticError, IndexError):
        return None


def _chart(notice: NoticeView, picture: Picture, words: Words) -> ChartView:
    alt = words.say(
        "digest.chart", who=notice.who, counted=notice.counted, window=notice.window, level=notice.level_line
    )
    return ChartView(f"cid:{picture.cid}", alt, charts.WIDTH + 2 * charts.EDGE)
