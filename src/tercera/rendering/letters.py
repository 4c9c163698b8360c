"""A message → a letter: subject, text and HTML, from templates that users may replace one by one.

Templates run in Jinja2's sandbox, see only a `MessageView`, and fail loudly on a name that does not exist. A
mistake in one of them is a mistake of the configuration: what they should have said stays due.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)

from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Message
from tercera.rendering.pictures import Picture, illustrated
from tercera.rendering.plain import one_line
from tercera.rendering.sandbox import Sandbox, Sayer
from tercera.rendering.sheet import name_of, sheet
from tercera.rendering.view import MessageView, view_message
from tercera.rendering.words import Words, words_for
from tercera.telling.links import Links

KINDS = ("customer", "operations", "undelivered", "held", "digest", "watch", "statement")
"""Each has a `.subject.txt`, a `.txt` and a `.html`."""

PARTS = ("subject.txt", "txt", "html")
SUBJECT_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a letter."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person reads. `subject` is one line; the HTML shows the pictures by their content ids."""

    subject: str
    text: str
    html: str
    pictures: tuple[Picture, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Extras:
    """What digests bring beside their words."""

    charts: bool = False
    attachment: bool = False


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: the shop's name, and whether somebody reads the answers."""

    brand: str
    answers: bool = False


class Letters:
    """Writes letters. `built_in` is the folder of the templates, `own` one whose files of the same name come
    first; `builtin/<name>` is always the built-in one, so that an own template can extend it."""

    def __init__(
        self,
        letterhead: Letterhead,
        built_in: Path,
        own: Path | None,
        language: str,
        extras: Extras = Extras(),
        links: Links | None = None,
    ) -> None:
        if own is not None and not own.is_dir():
            raise ConfigError(f"templates: {str(own)!r} is no folder; name one that holds your templates")
        fallback = words_for(language)
        if fallback is None:
            raise ConfigError(f"language: there are no phrases for {language!r}")
        self._fallback = fallback
        self._letterhead = letterhead
        self._extras = extras
        self._links = links
        self._loader = _loader(built_in, own)
        self._environments: dict[Words, Environment] = {}
        self._compiled: dict[tuple[Words, str], Template] = {}

    def write(self, message: Message) -> Letter:
        """The letter of a message, in its language or else the fallback. DeliveryError: a template's
        mistake."""
        words = words_for(message.language) or self._fallback
        view = view_message(message, words, self._links)
        kind = _kind(message, view)
        pictures: tuple[Picture, ...] = ()
        if kind == "digest" and self._extras.charts:
            view, pictures = illustrated(message, view, words)
        subject, text, html = (self._render(words, f"{kind}.{part}", view) for part in PARTS)
        return Letter(
            one_line(subject, SUBJECT_LENGTH),
            text.strip() + "\n",
            html.strip() + "\n",
            tuple(each for each in pictures if each.cid in html),  # a template of one's own may show none
            self._attachments(message) if kind == "digest" else (),
        )

    def _attachments(self, message: Message) -> tuple[Attachment, ...]:
        if not self._extras.attachment:
            return ()
        return (Attachment(name_of(message), "text/csv; charset=utf-8", sheet(message)),)

    def check(self) -> None:
        """Compiles every template. DeliveryError names the first that can't be read, and its line."""
        environment = self._environment(self._fallback)
        for name in environment.list_templates(extensions=["txt", "html"]):
            self._template(self._fallback, name)

    def _render(self, words: Words, name: str, view: MessageView) -> str:
        template = self._compiled.get((words, name)) or self._template(words, name)
        try:
            return template.render(mail=view)
        except Exception as error:
            raise _template_problem(name, error) from error

    def _template(self, words: Words, name: str) -> Template:
        try:
            template = self._environment(words).get_template(name)
        except (TemplateError, UnicodeDecodeError, OSError) as error:
            raise _template_problem(name, error) from error
        return self._compiled.setdefault((words, name), template)

    def _environment(self, words: Words) -> Environment:
        """One per language: what is the same in all of its letters is put together once."""
        if words not in self._environments:
            environment = Sandbox(
                loader=self._loader,
                autoescape=select_autoescape(enabled_extensions=("html",), default=False),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                auto_reload=False,
            )
            environment.globals |= {
                "say": Sayer(words),
                "brand": one_line(self._letterhead.brand, 60),
                "answers": self._letterhead.answers,
            }
            self._environments[words] = environment
        return self._environments[words]


def _kind(message: Message, view: MessageView) -> str:
    if message.for_customer:
        return "customer"
    if all(notice.held for notice in view.notices):
        return "held"
    if all(notice.watch for notice in view.notices):
        return "watch"
    if all(notice.statement for notice in view.notices):
        return "statement"
    if not view.alerts:
        return "undelivered"
    return "operations" if len(message.notices) == 1 and not message.digest else "digest"


def _loader(built_in: Path, own: Path | None) -> BaseLoader:
    shipped = FileSystemLoader(built_in)
    folders: list[BaseLoader] = [FileSystemLoader(own)] if own else []
    return ChoiceLoader([*folders, shipped, PrefixLoader({"builtin": shipped})])


def _template_problem(name: str, error: Exception) -> DeliveryError:
    """Names the template and its line. Not permanent: the template will be put right."""
    where = f"template {name}"
    if isinstance(error, TemplateSyntaxError):
        where = f"template {error.name or name}, line {error.lineno}"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame for frame in frames if frame.filename.endswith((".html", ".txt"))]
        if lines:
            where = f"template {Path(lines[-1].filename).name}, line {lines[-1].lineno}"
    words = one_line(str(error), 200) or type(error).__name__
    # Code 0: the mail server was not even asked, so it is not away, and other messages may go out.
    remedy = "correct it and the message will be sent"
    return DeliveryError(f"{where}: {words}; {remedy}", permanent=False, code=0)
