"""What the guides to the API and to the Python class show, works."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import httpx
import pytest

from tercera.people import Permission
from tests.servers.dashboard import Dashboard

HOWTO = Path(__file__).parents[2] / "docs" / "howto"


def blocks(page: str, role: str) -> list[str]:
    """The fenced blocks of a page with a role."""
    text = (HOWTO / page).read_text(encoding="utf-8")
    return re.findall(rf"<!-- test: {role} -->\n```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def asked(command: str) -> httpx.Request:
    """What a call of curl asks, as far as the guides use it."""
    words = shlex.split(os.path.expandvars(command))
    assert words.pop(0) == "curl"
    method, headers, data, url = "GET", {}, None, ""
    while words:
        match word := words.pop(0):
            case "-s":
                pass
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                data = words.pop(0)
            case _:
                assert not word.startswith("-"), word
                url = word
    return httpx.Request(method, url, headers=headers, content=data)


def test_the_calls_of_the_api(site: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is answered well, by a key with the scopes that the guide gives it."""
    monkeypatch.setenv("TERCERA", site.url)
    monkeypatch.setenv("KEY", site.key(Permission.READ, Permission.ACT, user="omar"))
    commands = [
        each
        for block in blocks("api.md", "api")
        for each in re.split(r"\n(?=curl)", block.replace("\\\n", " ").strip())
    ]
    assert len(commands) == 5
    with httpx.Client() as client:
        answers = [client.send(asked(command)) for command in commands]
    assert [each.status_code for each in answers] == [200, 200, 200, 201, 200], [
        each.text for each in answers
    ]
    assert answers[0].json()["items"][0]["customer"] == "bruno_2"
    assert answers[3].json()["reason"].startswith("the customer called")


def test_the_programs(
    site: Dashboard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, in the folder of a configuration."""
    monkeypatch.chdir(site.folder)
    programs = blocks("use-from-python.md", "python")
    assert len(programs) == 4
    for program in programs:
        exec(compile(program, "use-from-python.md", "exec"), {})
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "3 of 4 notice"
    assert shown[1].startswith("bruno_2 2026-11 12 ")
    assert shown[2] == "True"
    assert shown[3] == "3 {'2026-10': 1, '2026-11': 2}"
