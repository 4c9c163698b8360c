"""What the demo's own mail server received."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from tercera.errors import NotFoundError
from tercera.people import Permission
from tercera.web.page import Place, page
from tercera.web.permitting.asking import may
from tercera.web.site import Here, Site
from tercera.web.views.mail import Mail, framed, read_mail

PLACE = Place("mailbox", "/mailbox", order=90, demo_only=True)
AT_ONCE = 40
"""Mails of a page."""

router = APIRouter(dependencies=[may(Permission.READ)])
Number = Annotated[int, InPath(ge=1, le=10**9)]


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail and the number under which it was kept."""

    number: int
    mail: Mail


@router.get("/mailbox")
def mailbox(request: Request, site: Here, before: int | None = None) -> Response:
    """The newest first."""
    files = [each for each in _files(site) if before is None or _number(each) < before]
    some = [Kept(_number(path), read_mail(path.read_bytes())) for path in files[:AT_ONCE]]
    older = some[-1].number if len(files) > AT_ONCE else None
    return page(request, "mailbox.html", mails=some, older=older, newest=before is None)


@router.get("/mailbox/{number}")
def one_mail(request: Request, site: Here, number: Number) -> Response:
    """Its headers, and what it says in a frame."""
    mail = read_mail(_file(site, number).read_bytes())
    numbers = [_number(path) for path in _files(site)]
    place = numbers.index(number)
    newer = numbers[place - 1] if place else None
    older = numbers[place + 1] if place + 1 < len(numbers) else None
    return page(request, "mail.html", number=number, mail=mail, newer=newer, older=older)


@router.get("/mailbox/{number}/frame")
def frame(site: Here, number: Number) -> Response:
    """What it says."""
    return framed(_file(site, number).read_bytes())


def _files(site: Site) -> list[Path]:
    """The newest first; none outside the demo."""
    folder = site.mails
    found = folder.glob("*-*.eml") if folder is not None else ()
    return sorted((each for each in found if _number(each)), key=_number, reverse=True)


def _file(site: Site, number: int) -> Path:
    for path in _files(site):
        if _number(path) == number:
            return path
    raise NotFoundError(f"there is no mail {number}; the mailbox lists those there are")


def _number(path: Path) -> int:
    head = path.name.partition("-")[0]
    return int(head) if head.isdecimal() and head.isascii() else 0
