"""The documentation is true: its configurations load, its commands work, its links lead somewhere."""

from __future__ import annotations

import os
import re
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml

from tercera.config import load_settings
from tercera.demo.mailbox import Mailbox

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
TUTORIAL = DOCS / "tutorial" / "first-alert.md"
ENVIRONMENT = {
    "ATLAS_URI": "mongodb://127.0.0.1/",
    "MONGODB_URI": "mongodb://127.0.0.1/",
    "ORDERS_URI": "postgresql://tercera:secret@127.0.0.1/shop",
    "DB_NAME": "RocketfyProject",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_USER": "user",
    "SMTP_PASSWORD": "secret",
    "SENDER_EMAIL": "alerts@example.com",
    "WEBHOOK_URL": "https://partner.example.com/hooks/tercera",
    "SHOPIFY_SECRET": "given-by-shopify",
    "WOOCOMMERCE_SECRET": "said-to-woocommerce",
    "OPENID_SECRET": "given-by-the-provider",
    "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "SLACK_URL": "https://hooks.slack.com/services/T000/B000/XXXX",
    "ALERTMANAGER_TOKEN": "token",
    "HEARTBEAT_URL": "https://hc-ping.com/3f1a9c52-aaaa-4bbb-8ccc-0123456789ab",
    "LEDGER_PASSWORD": "secret",
    "DUTY_URL": "json://user:password@duty.example.com",
}
_FENCE = re.compile(
    r"(?:<!-- test: (?P<role>[^>]+?) -->\n)?```(?P<info>[^\n]*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


@dataclass(frozen=True)
class Block:
    """A fenced block: its role for these tests (`run`, `server`, `file NAME`), its language, its text."""

    role: str
    info: str
    text: str


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    found = _FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Block(each["role"] or "", each["info"], each["text"]) for each in found]


def title(page: Path) -> str:
    """A page's path, for the names of tests."""
    return str(page.relative_to(ROOT))


def configurations() -> list[tuple[Path, str]]:
    """Every block that is a whole configuration: `yaml`, while parts are `yaml fragment`."""
    return [(page, block.text) for page in PAGES for block in blocks(page) if block.info == "yaml"]


@pytest.mark.parametrize(
    ("page", "text"), [pytest.param(*each, id=title(each[0])) for each in configurations()]
)
def test_whole_configurations_load(page: Path, text: str, tmp_path: Path) -> None:
    """A reader who copies one gets no mistake."""
    (tmp_path / "tercera.yaml").write_text(text, encoding="utf-8")
    assert load_settings(tmp_path / "tercera.yaml", ENVIRONMENT).rules


@pytest.mark.parametrize(
    ("page", "text"),
    [
        pytest.param(page, block.text, id=title(page))
        for page in PAGES
        for block in blocks(page)
        if block.info == "yaml fragment"
    ],
)
def test_parts_of_configurations_load_within_a_whole_one(page: Path, text: str, tmp_path: Path) -> None:
    """With what the part leaves out filled in."""
    whole = ROOT / "docs" / "howto" / "files.md"
    base = _yaml(next(block.text for block in blocks(whole) if block.info == "yaml"))
    merged = _merged(base, _yaml(text))
    (tmp_path / "templates").mkdir()
    (tmp_path / "tercera.yaml").write_text(_dumped(merged), encoding="utf-8")
    load_settings(tmp_path / "tercera.yaml", ENVIRONMENT)


def test_the_page_for_the_notebook_has_one_configuration() -> None:
    """Whoever executes that page takes it from there."""
    page = DOCS / "howto" / "from-the-notebook.md"
    assert [block.info for block in blocks(page)].count("yaml") == 1


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading that it has."""
    lost = [link for link in _links(page) if not _resolves(page, link)]
    assert lost == []


def test_reference_pages_are_current() -> None:
    """`python docs/generate.py` would change nothing."""
    command = [sys.executable, str(DOCS / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_that_pages_name_exist() -> None:
    """Each `make` target, each `tercera` command."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    reference = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^## tercera ([a-z ]+)$", reference, re.MULTILINE))
    for page in PAGES:
        for block in blocks(page):
            if block.info == "bash":
                named = re.findall(r"^make ([a-z]+)", block.text, re.MULTILINE)
                assert set(named) <= targets, (page, named)
                commands = re.findall(r"^tercera ([a-z]+)", block.text, re.MULTILINE)
                assert set(commands) <= known, (page, commands)


def test_every_page_can_be_reached() -> None:
    """From the README, by links."""
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in _links(page)]
    assert set(PAGES) - reached == set()


def test_the_tutorial_works(tmp_path: Path) -> None:
    """Every step, in a shell, with the mails that it promises; begun anew should the month end meanwhile."""
    while True:
        month = datetime.now(UTC).month
        folder = tmp_path / f"month {month}"
        folder.mkdir()
        with Mailbox(folder / "kept") as mailbox:
            _follow_tutorial(folder, mailbox.port)
            mails = [_mail(path) for path in mailbox.mails()]
        if datetime.now(UTC).month == month:
            break
    _check_mails(mails)


def test_the_tutorials_mail_server_takes_mail(tmp_path: Path) -> None:
    """The command that it shows, on a free port, keeps a mail where it says."""
    (command,) = [block.text.strip() for block in blocks(TUTORIAL) if block.role == "server"]
    with (
        _serving(command, tmp_path) as port,
        smtplib.SMTP("localhost", port, "localhost", timeout=20) as server,
    ):
        server.sendmail("a@example.com", ["b@example.com"], "Subject: hello\r\n\r\nhello\r\n")
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1


def _follow_tutorial(folder: Path, port: int) -> None:
    """Runs the page's blocks in one folder. A `text` block tells what the commands before it show."""
    script, expected = [], []
    for place, block in enumerate(blocks(TUTORIAL)):
        if block.role.startswith("file "):
            path = folder / block.role.removeprefix("file ")
            path.write_text(block.text.replace("8025", str(port)), encoding="utf-8")
        elif block.role == "run":
            script.append(f"echo '=== {place}'\n{block.text}")
        elif block.info == "text":
            expected.append((place - 1, block.text.replace("8025", str(port))))
    shown = _shell("\n".join(script), folder)
    parts = dict(re.findall(r"^=== (\d+)\n(.*?)(?=^=== |\Z)", shown, re.MULTILINE | re.DOTALL))
    for place, text in expected:
        for line in text.splitlines():
            assert re.search(_pattern(line), _plain(parts[str(place)])), (
                f"{line!r} is not in:\n{parts[str(place)]}"
            )


def _shell(script: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "COLUMNS": "160",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment.pop("TERCERA_CONFIG", None)
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _plain(text: str) -> str:
    return " ".join(text.split())


def _pattern(line: str) -> str:
    """A shown line: blanks are any white space, `…` is anything up to the next word."""
    return r".*?".join(re.escape(_plain(part)) for part in line.split("…"))


def _check_mails(mails: list[EmailMessage]) -> None:
    """Three to Ana in one thread, four to operations, none to Ben."""
    ana = [mail for mail in mails if mail["To"] == "ana@example.com"]
    operations = [mail for mail in mails if mail["To"] == "ops@example.com"]
    assert (len(ana), len(operations), len(mails)) == (3, 4, 7)
    assert ["3 pedidos" in ana[0]["Subject"], "5 pedidos" in ana[1]["Subject"]] == [True, True]
    assert ana[2]["Subject"].startswith("Rectificación")
    assert ana[1]["In-Reply-To"] == ana[0]["Message-ID"]
    assert ana[0]["Message-ID"] in ana[2]["References"]
    ben = next(mail for mail in operations if "Ben Hall" in mail["Subject"])
    assert "no e-mail address" in str(ben.get_body(("plain",)))


def _mail(path: Path) -> EmailMessage:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@contextmanager
def _serving(command: str, folder: Path) -> Iterator[int]:
    """Runs a server's command with a free port in place of 8025; gives the port when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = command.replace("8025", str(port)).replace("localhost", "127.0.0.1").split()
    server = subprocess.Popen([sys.executable, *words[1:]], cwd=folder, stderr=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                continue
            break
        assert server.poll() is None, f"{command} ended by itself"
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _links(page: Path) -> list[str]:
    """Links within the repository, outside of code."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found = [link or picture for link, picture in _LINK.findall(text)]
    return [link for link in found if "://" not in link]


def _resolves(page: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return False
    return not heading or heading in _headings(target)


def _headings(page: Path) -> set[str]:
    """As GitHub writes their anchors."""
    lines = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-") for line in lines}


def _yaml(text: str) -> dict[str, Any]:
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded


def _dumped(value: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False)
    return text


def _merged(base: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part over the base; a section of another kind replaces the base's."""
    merged = dict(base)
    for name, value in part.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict) and _is_same_kind(below, value):
            merged[name] = _merged(below, value)
        else:
            merged[name] = value
    return merged


def _is_same_kind(base: dict[str, Any], part: dict[str, Any]) -> bool:
    return bool(part.get("kind", base.get("kind")) == base.get("kind"))
