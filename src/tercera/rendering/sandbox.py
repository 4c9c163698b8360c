"""Jinja2's sandbox for the templates of letters, and what they say phrases with."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import fields
from typing import Any

from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from tercera.rendering.closed import LevelView, StatementView
from tercera.rendering.view import ChartView, MessageView, NoticeView, OrderView
from tercera.rendering.watched import FindingView, WatchView
from tercera.rendering.words import Words


class Sandbox(ImmutableSandboxedEnvironment):
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
        if type(called) is Sayer:
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


class Sayer:
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
