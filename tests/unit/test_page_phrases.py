"""The pages say the same in every language."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from markupsafe import Markup

import tercera
from tercera.rendering.words import languages, words_for
from tercera.web.moments import marked, said
from tercera.web.wording import OTHERWISE, language_of, words_of


def names_in(phrase: str | Mapping[str, str]) -> set[str]:
    """The values that a phrase holds, in its plural forms taken together."""
    texts = [phrase] if isinstance(phrase, str) else phrase.values()
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", languages())
def test_every_phrase_is_there_with_its_values(language: str) -> None:
    """And none is left of a page that is gone."""
    ours, theirs = words_of(OTHERWISE).phrases, words_of(language).phrases
    assert theirs.keys() == ours.keys()
    mails = words_for(OTHERWISE)
    assert mails is not None
    pages = ours.keys() - mails.phrases.keys()  # mails put some of their values in other places
    differing = {key for key in pages if names_in(ours[key]) - {"count"} != names_in(theirs[key]) - {"count"}}
    assert differing == set()


def errors_with_a_phrase() -> Iterator[tuple[str, set[str]]]:
    """Of every `….said_as("phrase", name=…)` of ours: the phrase, and the names of its values."""
    for path in sorted(Path(tercera.__file__).parent.rglob("*.py")):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if ".said_as(" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                name = node.args[0]
                if node.func.attr == "said_as" and isinstance(name, ast.Constant):
                    yield str(name.value), {each.arg for each in node.keywords if each.arg is not None}


def test_every_error_with_a_phrase_has_it() -> None:
    """With the values that it brings, and none that it lacks; no phrase is left of an error that is gone."""
    phrases = words_of(OTHERWISE).phrases
    brought = dict(errors_with_a_phrase())
    assert len(brought) > 15
    for name, values in brought.items():
        assert names_in(phrases[f"wrong.{name}"]) == values, name
    kinds = {key.removeprefix("wrong.") for key in phrases if key.startswith("wrong.")}
    assert {key for key in kinds if not key.startswith("kind.")} == brought.keys() | {"defect", "host"}


@pytest.mark.parametrize("language", languages())
def test_a_time_in_a_sentence(language: str) -> None:
    """It is HTML, and whatever else the sentence holds is text."""
    words, time = words_of(language), marked(date(2026, 11, 1), "<1>")
    shown = said(words, "alert.decided.snooze", who="<b>{at}</b>", at=time)
    assert isinstance(shown, Markup)
    assert '<time datetime="2026-11-01">&lt;1&gt;</time>' in shown
    assert "&lt;b&gt;{at}&lt;/b&gt;" in shown
    assert not isinstance(said(words, "alert.decided.snooze", who="<b>", at="x"), Markup)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es-CO,es;q=0.9,en;q=0.8", "es"),
        ("en-GB", "en"),
        ("de,es;q=0.3", "es"),
        ("ja", "en"),
        ("", "en"),
        ("en;q=0.1,es;q=0.9", "es"),
        (";;q=x,\x00", "en"),
    ],
)
def test_the_language_is_the_browsers(header: str, language: str) -> None:
    """The best of those that there are."""
    assert language_of(header) == language
