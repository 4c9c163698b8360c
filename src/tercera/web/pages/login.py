"""Logging in by a password or a one-time link, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from tercera.people import Actor, Permission, User, Via
from tercera.web.access.passwords import fits
from tercera.web.access.visitor import Visitor
from tercera.web.page import page, words_in
from tercera.web.permitting.asking import Unknown, address_of, check_origin, may
from tercera.web.site import Here, Site

router = APIRouter()


@router.get("/login")
def login_page(request: Request, visitor: Unknown, next: str = "/") -> Response:  # noqa: A002 - the name in the form and the address
    """The form."""
    if visitor is not None:
        return RedirectResponse(inside(next), 303)
    return page(request, "login.html", next=inside(next), name="", mistake=None)


@router.post("/login")
async def log_in(
    request: Request,
    site: Here,
    visitor: Unknown,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=2000)],
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the name in the form and the address
) -> Response:
    """Whoever has the right password gets a new session, whatever cookie they came with."""
    check_origin(site, request)
    who = (f"name {name}", f"address {address_of(request)}")
    wait = site.throttle.wait(who, site.now())
    if wait:
        seconds = int(wait.total_seconds()) + 1
        mistake = words_in(request).say("login.too_often", seconds)
        answer = page(request, "login.html", status=429, next=inside(next), name=name, mistake=mistake)
        answer.headers["retry-after"] = str(seconds)
        return answer
    user = await run_in_threadpool(_known, site, name, password)
    if user is None:
        site.throttle.failed(who, site.now())
        actor = Actor(name[:64], Via.PAGE, address_of(request))
        await run_in_threadpool(site.record, actor, "login failed", "session")
        mistake = words_in(request).say("login.wrong")
        return page(request, "login.html", status=401, next=inside(next), name=name, mistake=mistake)
    site.throttle.succeeded(who[0])
    return await run_in_threadpool(entered, site, request, user, inside(next))


@router.get("/enter")
def enter_page(request: Request, visitor: Unknown, token: str = "") -> Response:
    """A one-time link: what fetches links ahead does not use it up, a button does."""
    return page(request, "enter.html", token=token)


@router.post("/enter")
def enter(request: Request, site: Here, visitor: Unknown, token: Annotated[str, Form()]) -> Response:
    """Uses a one-time link."""
    check_origin(site, request)
    user = site.ledger.people.take_login(token, site.now())
    if user is None:
        mistake = words_in(request).say("login.link_over")
        return page(request, "login.html", status=401, next="/", name="", mistake=mistake)
    return entered(site, request, user, "/")


@router.post("/logout")
def log_out(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]) -> Response:
    """Ends the session."""
    if visitor.session is not None:
        deed = visitor.actor.did(site.now(), "logout", "session")
        site.ledger.people.end_session(visitor.session, telling=deed)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(site.cookie, secure=site.is_secure, httponly=True, samesite="lax")
    return answer


def entered(site: Site, request: Request, user: User, after: str) -> Response:
    """Begins a session for somebody who has shown who they are; the one that they came with ends."""
    now, length = site.now(), site.app.settings.web.session
    if (old := request.cookies.get(site.cookie)) is not None:
        site.ledger.people.end_session(old)
    deed = Actor(user.name, Via.PAGE, address_of(request)).did(now, "login", "session")
    secret = site.ledger.people.begin_session(user.name, now, now + length, telling=deed)
    answer = RedirectResponse(after, 303)
    answer.set_cookie(
        site.cookie,
        secret,
        max_age=int(length.total_seconds()),
        secure=site.is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


def _known(site: Site, name: str, password: str) -> User | None:
    right = fits(password, site.ledger.people.password_of(name))
    return site.ledger.people.user(name) if right else None


def inside(path: str) -> str:
    """A path of ours: what leads elsewhere becomes the first page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours and "\\" not in path else "/"
