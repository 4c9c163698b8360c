"""What people see of the data watch and of closed months, and what they can do about it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.process import Tercera
from tests.e2e.shop import OPERATIONS, SECRETS, Files, Inbox, configuration, files_source, this_month
from tests.servers.smtp import SmtpServer


def test_what_the_commands_say(tmp_path: Path, mail_server: SmtpServer) -> None:
    """run, alerts, alerts show, check and deliveries name what was found; it can be silenced and
    acknowledged; `why` says where to look."""
    month = this_month()
    shop = Files(tmp_path)
    shop.customer("ana", "ana@example.com")
    for number in range(60):
        shop.orders[f"o{number}"] = ("ana", month.day(1 + number % 20), "delivered")
    for number in range(6):
        shop.orders[f"j{number}"] = ("ana", "soon", "returned")
    shop.write()
    tercera = Tercera(tmp_path, SECRETS)
    tercera.configure(configuration(files_source(), mail_server, freshness={"max_age": "60d"}))
    found = tercera.json("run", "--once")
    assert [(each["rule"], each["subject"], each["reason"]) for each in found["watch"]] == [
        ("tercera:rejects", "repeat-returns", "opened")
    ]
    assert found["health"]["reject_share"] == {"repeat-returns": 0.0909}
    assert found["health"]["newest_order"]
    subject = "[data] 9% of the rows for repeat-returns can't be judged"
    Inbox(mail_server).expect((OPERATIONS, subject))
    said = tercera.run("alerts").out
    assert "tercera:rejects of repeat-returns" in said
    assert "9.1% rejects (repeat-returns)" in said
    shown = tercera.run("alerts", "show", "1").out
    assert "6 of 66 rows can't be judged (9.1%; at most 5.0%)" in shown
    assert "of Tercera itself" in shown
    assert "found something: tercera:rejects" in tercera.run("check").out
    [delivery] = tercera.json("deliveries")["deliveries"]
    assert (delivery["kind"], delivery["rule"], delivery["state"]) == ("watch", "tercera:rejects", "sent")
    tercera.json("ack", "1")
    silence = ("silence", "add", "--rule", "tercera:rejects", "--for", "1h", "--reason", "known")
    assert tercera.json(*silence)["rule"] == "tercera:rejects"
    shop.orders = {name: order for name, order in shop.orders.items() if name.startswith("o")}
    shop.write()
    assert [each["reason"] for each in tercera.json("run", "--once")["watch"]] == ["retracted"]
    assert len(mail_server.accepted) == 1
    [line] = tercera.rejected("why", "repeat-returns", month.id, "--rule", "tercera:rejects", code=5)
    assert "none of your rules" in line
    assert "tercera alerts --rule tercera:rejects" in line
