"""A message → a letter: subject, text and HTML, from templates that users may replace one by one.

Templates run in Jinja2's sandbox, see only a `MessageView`, and fail loudly on a name that does not exist. A
mistake in one of them is a mistake of the configuration: what they should have said stays due.
"""

from __future__ import annotations

import traceback
from collections.abc import MutableMapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

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
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Message
from tercera.rendering.closed import LevelView, StatementView
from tercera.rendering.pictures import Picture, illustrated
from tercera.rendering.plain import one_line
from tercera.rendering.sheet import name_of, sheet
from tercera.rendering.view import ChartView, MessageView, NoticeView, OrderView, view_message
from tercera.rendering.watched import FindingView, WatchView
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
            environment = _Sandbox(
                loader=self._loader,
                autoescape=select_autoescape(enabled_extensions=("html",), default=False),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                auto_reload=False,
            )
            environment.globals |= {
                "say": _Sayer(words),
                "brand": one_line(self._letterhead.brand, 60),
                "answers": self._letterhead.answers,
            }
            self._environments[words] = environment
        return self._environments[words]


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with a short way to what every letter asks for many times: the fields of views, which
    hold text and numbers only, macros, and `say`. The sandbox's questions about each would take most of a
    letter's time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loaded: dict[str, Template] = {}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - as Jinja2 calls it
    ) -> Template:
        """Each template is read once, also where others extend or import it. Its globals are copied for every
        letter, which a chain of maps makes slow."""
        if not isinstance(name, str) or globals is not None:
            return super().get_template(name, parent, globals)
        if name not in self._loaded:
            template = super().get_template(name, parent)
            template.globals = dict(template.globals)
            self._loaded[name] = template
        return self._loaded[name]

    def getattr(self, obj: Any, attribute: str) -> Any:
        if attribute in _FIELDS.get(type(obj), ()):
            return getattr(obj, attribute)
        if type(obj) is TemplateModule and not attribute.startswith("_"):
            found = getattr(obj, attribute, missing)
            if found is not missing:
                return found
        return super().getattr(obj, attribute)

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(called) is _Sayer:
            return called(*args, **_given(kwargs))
        if type(called) is Macro:
            return called(context.eval_ctx, *args, **_given(kwargs))
        return super().call(context, called, *args, **kwargs)


_FIELDS: dict[type, frozenset[str]] = {
    view: frozenset(each.name for each in fields(view))
    for view in (
        ChartView,
        MessageView,
        NoticeView,
        OrderView,
        WatchView,
        FindingView,
        StatementView,
        LevelView,
    )
}


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """What the template itself gives in a call, without what Jinja2 adds in blocks and loops."""
    arguments.pop("_block_vars", None)
    arguments.pop("_loop_vars", None)
    return arguments


class _Sayer:
    """`say("customer.opened.lead", notice)` in a template: a phrase, with the notice's values and count."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._fixed: dict[str, str] = {}
        """Phrases that say the same in every letter."""

    def __call__(
        self, key: str, about: NoticeView | None = None, count: int | None = None, **values: object
    ) -> str:
        if about is None:
            if count is not None or values:
                return self._words.say(key, count, **values)
            if key not in self._fixed:
                self._fixed[key] = self._words.say(key)
            return self._fixed[key]
        return self._words.say(key, about.matched if count is None else count, **{**about.values, **values})


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
