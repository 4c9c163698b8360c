"""What the pages say, in the browser's language: `phrases/<language>/*.toml`, beside the phrases of mails."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files

from babel import negotiate_locale

from tercera.rendering.words import Words, flat, languages, words_for

OTHERWISE = "en"


@cache
def words_of(language: str) -> Words:
    """The words of pages in a language that has phrases."""
    words = words_for(language)
    assert words is not None, language
    phrases = dict(words.phrases)
    for entry in sorted(files("tercera.web").joinpath("phrases", language).iterdir(), key=lambda e: e.name):
        phrases.update(flat(tomllib.loads(entry.read_text("utf-8"))))
    return replace(words, phrases=phrases)


@lru_cache(maxsize=512)
def language_of(accepted: str) -> str:
    """The best of our languages for an `Accept-Language` header."""
    wanted = []
    for part in accepted[:200].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), tag.replace("-", "_")))
        except ValueError:
            continue
    found = negotiate_locale([tag for _, tag in sorted(wanted)], list(languages()), sep="_")
    return found or OTHERWISE
