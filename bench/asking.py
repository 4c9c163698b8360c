"""A program: logs in to a dashboard and asks for pages, so many at once, and prints the seconds of each
answer as JSON. A browser's part is not in it: only what the server takes."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlencode, urlsplit

PASSWORD = "the-benchmark-has-a-long-password"


def log_in(url: str, name: str) -> str:
    """The session's cookie."""
    connection = _connection(url)
    form = urlencode({"name": name, "password": PASSWORD})
    connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    cookie = answer.getheader("set-cookie")
    if answer.status != 303 or cookie is None:
        raise RuntimeError(f"the login was answered with {answer.status}")
    return cookie.partition(";")[0]


def asked(url: str, path: str, cookie: str, at_once: int, requests: int) -> list[float]:
    """Seconds of each of so many requests, over as many connections as go on at once."""
    taken: list[float] = []
    failed: list[str] = []
    lock = threading.Lock()

    def ask(count: int) -> None:
        connection = _connection(url)
        for _ in range(count):
            began = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": cookie, "Accept-Language": "en"})
            answer = connection.getresponse()
            answer.read()
            with lock:
                taken.append(time.perf_counter() - began)
                if answer.status != 200:
                    failed.append(f"{path} was answered with {answer.status}")

    threads = [threading.Thread(target=ask, args=(requests // at_once,)) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(failed[0])
    return taken


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)


if __name__ == "__main__":
    place, who, at_once, requests, *paths = sys.argv[1:]
    session = log_in(place, who)
    found = {}
    for path in paths:
        asked(place, path, session, int(at_once), int(at_once))  # unmeasured
        found[path] = asked(place, path, session, int(at_once), int(requests))
    print(json.dumps(found))
