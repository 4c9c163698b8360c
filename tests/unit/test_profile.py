"""What the profiler proposes for shops of several shapes, and what it says where it is not sure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tercera.cli.proposal import show_proposal
from tercera.errors import SourceError
from tercera.profile import Part, Proposal, Verdict, Wishes, propose, read_list, written_list
from tercera.profile.formats import formats_of
from tercera.profile.patterns import shape_of
from tercera.profile.statuses import verdict_of
from tercera.profile.zones import hint_of_hours, zones_of_midnights, zones_of_offsets
from tercera.sampling import Origin
from tests import made_up_shops as shops
from tests import shops_of_programs as programs


def proposed(shop: shops.Shop, **said: str) -> Proposal:
    """What is proposed where nobody is asked; the machine stands in UTC."""
    wishes = Wishes({Part(name.replace("_", "-")): value for name, value in said.items()})
    return propose(shops.samples_of(shop), wishes, shops.Known(shop), "UTC")


def values(proposal: Proposal, *parts: Part) -> list[str]:
    """What stands there for each."""
    return [proposal[part].value for part in parts]


FIELDS = (Part.ORDERS, Part.ORDER_ID, Part.CUSTOMER_ID, Part.STATUS, Part.PLACED_AT)
ENTRY = (Part.CUSTOMERS, Part.KEY, Part.NAME, Part.EMAIL)


def test_the_notebooks_own_shape() -> None:
    """All that the design's configuration of it says is found, and sure."""
    found = proposed(shops.notebook())
    assert values(found, *FIELDS) == [
        "Orders", "shipping_id", "order_vendor_dbname", "shipping_status", "shipping_date"
    ]  # fmt: skip
    assert values(found, *ENTRY) == ["Clients", "identificationNumber", "name", "email"]
    assert found.formats is not None
    assert found.formats.texts == ("%Y-%m-%d",)
    assert found[Part.VALID].value == "^([0-9A-Za-z]+_[0-9]+|[0-9a-f]{24})$"
    assert "98 % of 1,000 sampled values match" in found[Part.VALID].evidence.replace("98.0", "98")
    assert set(found.counted) == {"returned", "cancelled"}
    assert found.unsure == (Part.TIMEZONE,)


def test_a_spanish_shop() -> None:
    """Accents, capitals and ids that are numbers on one side are no hindrance; mails are Spanish."""
    found = proposed(shops.spanish())
    assert values(found, *FIELDS) == ["pedidos", "numeroPedido", "cliente.id", "estado", "fechaPedido"]
    assert values(found, *ENTRY) == ["clientes", "id", "nombre", "correo"]
    assert set(found.counted) == {"DEVUELTO", "Devuelto", "Anulado por el cliente"}
    assert found.kinds == {Verdict.RETURNED, Verdict.CANCELLED}
    assert "text in orders, whole number there" in found[Part.KEY].evidence
    assert values(found, Part.AMOUNT, Part.CURRENCY, Part.LANGUAGE, Part.THEIR_ZONE, Part.LETTERS) == [
        "importeTotal", "COP", "idioma", "tz", "es"
    ]  # fmt: skip


def test_a_portuguese_shop() -> None:
    """Days come first; money that went back is shown beside what came back, and not counted unasked."""
    found = proposed(shops.portuguese())
    assert values(found, *FIELDS) == ["vendas", "codigo_pedido", "cpf_cliente", "situacao", "data_pedido"]
    assert values(found, *ENTRY) == ["clientes", "cpf", "nome", "email"]
    assert found.formats is not None
    assert found.formats.texts == ("%d/%m/%Y",)
    assert set(found.counted) == {"devolvido", "cancelado pelo cliente"}
    assert not found[Part.STATUSES].sure
    assert "estornado (money back)" in found[Part.STATUSES].evidence
    assert found[Part.LETTERS].value == "en"
    assert not found[Part.LETTERS].sure


def test_without_customers_it_says_so() -> None:
    """Nothing is made up where there is no directory; offsets in the texts tell of a zone."""
    found = proposed(shops.without_customers())
    assert values(found, *FIELDS) == ["shipments", "OrderNo", "CustomerNumber", "OrderStatus", "OrderDate"]
    assert not found[Part.CUSTOMERS].is_there
    assert "nothing looks like a directory" in found[Part.CUSTOMERS].evidence
    assert set(found.counted) == {"RTO_DELIVERED", "RTO_INITIATED", "CANCELED"}
    assert "RETURN_REQUESTED (only asked for)" in found[Part.STATUSES].evidence
    assert found[Part.TIMEZONE].value == "America/Bogota"


def test_without_returns_it_says_so() -> None:
    """No status is counted where none looks like a return, and people who never ordered are no customers."""
    found = proposed(shops.without_returns())
    assert found.counted == ()
    assert found[Part.STATUSES].evidence == "none of the 3 statuses looks like a return or a cancellation"
    assert not found[Part.CUSTOMERS].is_there
    assert "none of the sampled customer ids has an entry in users" in found[Part.CUSTOMERS].evidence


def test_orders_that_carry_the_address() -> None:
    """Where orders hold the addresses themselves, they are proposed as the directory, as a guess."""
    shop = {"orders": [{**row, "email": f"c{row['customer_id']}@example.com"}
                       for row in shops.without_returns()["orders"]]}  # fmt: skip
    found = proposed(shop)
    assert values(found, *ENTRY) == ["orders", "customer_id", "", "email"]
    assert not found[Part.CUSTOMERS].sure


def test_nothing_there() -> None:
    """An empty place, and one without orders, are said to be just that."""
    assert proposed({}).missing[0] is Part.ORDERS
    assert not proposed({"products": shops.things()})[Part.ORDERS].sure


def test_a_letter_before_the_number() -> None:
    """Without a status, numbers that begin with a C are proposed as cancellations, as a guess."""
    orders = [
        {
            "InvoiceNo": f"C{n}" if n % 7 == 0 else str(n),
            "CustomerID": float(n % 30),
            "InvoiceDate": f"2026-03-{1 + n % 28:02d} 10:00:00",
        }
        for n in range(50_000, 50_400)
    ]
    found = proposed({"invoices.csv": orders})
    assert found.told is not None
    assert (found.told.source, found.told.patterns) == ("InvoiceNo", {"cancelled": "^C"})
    assert found.missing == ()
    assert not found[Part.STATUSES].sure


def test_what_was_said_is_taken() -> None:
    """Options win over guesses; what is not there is named with what is."""
    found = proposed(
        shops.notebook(), status="city", statuses='Cali, "a, b"', customers="", timezone="Asia/Tokyo"
    )
    assert values(found, Part.STATUS, Part.CUSTOMERS, Part.TIMEZONE) == ["city", "", "Asia/Tokyo"]
    assert found.counted == ("Cali", "a, b")
    assert "no order has a, b" in found[Part.STATUSES].evidence
    with pytest.raises(SourceError, match="'Ordres' is not there; there are Clients, Orders"):
        proposed(shops.notebook(), orders="Ordres")


def test_another_choice_of_orders_forgets_their_fields() -> None:
    """What was said of one place does not hold for another."""
    wishes = Wishes({Part.ORDERS: "a", Part.STATUS: "s", Part.TIMEZONE: "UTC"}).also(Part.ORDERS, "b")
    assert wishes.said == {Part.TIMEZONE: "UTC", Part.ORDERS: "b"}
    kept = Wishes({Part.KEY: "id", Part.STATUS: "s"}).also(Part.CUSTOMERS, "c")
    assert kept.said == {Part.STATUS: "s", Part.CUSTOMERS: "c"}
    assert Part.STATUSES not in Wishes({Part.STATUSES: "a"}).also(Part.STATUS, "state").said
    assert Part.STATUSES in Wishes({Part.STATUSES: "a", Part.STATUS: "s"}).also(Part.STATUS, "s").said


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("returned", Verdict.RETURNED), ("RETURNED ", Verdict.RETURNED), ("Return", Verdict.RETURNED),
        ("RTO_DELIVERED", Verdict.RETURNED), ("rto-in-transit", Verdict.RETURNED),
        ("Return to Origin", Verdict.RETURNED), ("returnedToSender", Verdict.RETURNED),
        ("devolución", Verdict.RETURNED), ("Devuelto al remitente", Verdict.RETURNED),
        ("DEVOLVIDO", Verdict.RETURNED), ("devolução concluída", Verdict.RETURNED),
        ("retornado", Verdict.RETURNED), ("refunded_return", Verdict.RETURNED),
        ("cancelled", Verdict.CANCELLED), ("canceled_by_buyer", Verdict.CANCELLED),
        ("cancelado pelo cliente", Verdict.CANCELLED), ("Anulada", Verdict.CANCELLED),
        ("orderCancelled", Verdict.CANCELLED), ("voided", Verdict.CANCELLED), ("CXL", Verdict.CANCELLED),
        ("refunded", Verdict.REFUNDED), ("Reembolsado", Verdict.REFUNDED), ("estornado", Verdict.REFUNDED),
        ("rechazado", Verdict.REFUSED), ("recusado pelo cliente", Verdict.REFUSED),
        ("return_requested", Verdict.REQUESTED), ("devolución solicitada", Verdict.REQUESTED),
        ("cancelamento pendente", Verdict.REQUESTED),
        ("not returned", Verdict.NEGATED), ("no devuelto", Verdict.NEGATED),
        ("não cancelado", Verdict.NEGATED),
        ("return_rejected", Verdict.NEGATED), ("devolución rechazada", Verdict.NEGATED),
        ("delivered", Verdict.NEITHER), ("entregado", Verdict.NEITHER), ("in_transit", Verdict.NEITHER),
        ("", Verdict.NEITHER), ("💥", Verdict.NEITHER), ("carton", Verdict.NEITHER),
        ("avoid", Verdict.NEITHER),
    ],
)  # fmt: skip
def test_what_a_status_looks_like(status: str, verdict: Verdict) -> None:
    """By its words, whatever their case, accents, endings or what joins them."""
    assert verdict_of(status) is verdict


def test_date_formats() -> None:
    """Each format once, the most frequent first, and a doubt where day and month can't be told apart."""
    found = formats_of({"2026-01-02T10:00:00Z": 5, "02/03/2026": 2, "25/03/2026": 1, "6/1/2026": 1})
    assert [(each.text, each.rows) for each in found.found] == [("%Y-%m-%dT%H:%M:%S%z", 5), ("%d/%m/%Y", 3)]
    assert (found.read, found.rows, found.misses, found.near) == (
        8,
        9,
        ("6/1/2026",),
        "written without leading zeros",
    )
    either = formats_of({"02/03/2026": 2, "04/05/2026": 1})
    assert "no day is above 12" in either.doubt
    assert either.texts == ("%m/%d/%Y",)
    assert formats_of({"02/03/2026": 2}, day_first=True).texts == ("%d/%m/%Y",)
    both = formats_of({"25/03/2026": 2, "03/25/2026": 1})
    assert "are in use" in both.doubt
    assert formats_of({"1700000000": 3}).near == "seconds or milliseconds since 1970"


def test_zones() -> None:
    """Offsets and midnights tell a zone where they can; UTC tells nothing; hours are a hint."""
    start = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Madrid"))
    days = [start + timedelta(days=day) for day in range(365)]
    assert zones_of_offsets(days)[0] == "Europe/Madrid"
    instants = [day.astimezone(UTC) for day in days]
    assert zones_of_offsets(instants) == ()
    assert zones_of_midnights(instants)[0] == "Europe/Madrid"
    assert "Europe/Paris" in zones_of_midnights(instants, "Europe/Paris")[:1]
    assert zones_of_midnights([datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 9)]) == ()
    sold = [
        datetime(2026, 1, 1, hour, tzinfo=UTC)
        for hour in range(24)
        for _ in range(1 if 6 <= hour < 11 else 30)
    ]
    assert "UTC-5" in hint_of_hours(sold)
    assert hint_of_hours([datetime(2026, 1, 1, hour % 24) for hour in range(480)]) == ""


def test_shapes_of_ids() -> None:
    """The narrowest pattern that covers most, with its share; none for what has no shape."""
    assert shape_of({f"CUST-{n}": 1 for n in range(50)}).pattern == "^CUST-[0-9]+$"  # type: ignore[union-attr]  # None fails the test as well
    shape = shape_of({**{str(n): 1 for n in range(97)}, "x y": 3})
    assert shape is not None
    assert (shape.pattern, shape.fitting, shape.of, shape.misses) == ("^[0-9]+$", 97, 100, ("x y",))
    assert shape_of({"hola que tal": 5, "¿?": 4}) is None


def test_lists_of_statuses() -> None:
    """A status with a comma or a quote in it survives being written in a list."""
    texts = ("returned", "cancelled, by us", 'so "called"')
    assert read_list(written_list(texts)) == texts


@pytest.mark.parametrize(
    ("shop", "fields", "entry", "counted"),
    [
        (programs.shopify(), ("orders_export_1.csv", "Id", "Email", "Financial Status", "Created at"),
         ("orders_export_1.csv", "Email", "Billing Name", "Email"), "voided"),
        (programs.magento(), ("sales_order", "entity_id", "customer_id", "status", "created_at"),
         ("customer_entity", "entity_id", "firstname", "email"), "canceled"),
        (programs.woocommerce(), ("wp_wc_orders", "id", "customer_id", "status", "date_created_gmt"),
         ("wp_users", "ID", "display_name", "user_email"), "wc-cancelled"),
        (programs.odoo(), ("sale_order", "id", "partner_id", "state", "date_order"),
         ("res_partner", "id", "name", "email"), "cancel"),
    ],
    ids=["shopify", "magento", "woocommerce", "odoo"],
)  # fmt: skip
def test_shapes_of_known_programs(
    shop: shops.Shop, fields: tuple[str, ...], entry: tuple[str, ...], counted: str
) -> None:
    """What well-known programs keep or export is found without a word."""
    found = proposed(shop)
    assert tuple(values(found, *FIELDS)) == fields
    assert tuple(values(found, *ENTRY)) == entry
    assert found.counted == (counted,)
    assert found.missing == ()


def test_a_name_tells_that_times_are_utc() -> None:
    """Stored times without an offset are taken for wall clocks, unless their name says UTC."""
    assert proposed(programs.woocommerce())[Part.TIMESTAMPS].value == "instant"
    local = proposed(programs.odoo())[Part.TIMESTAMPS]
    assert (local.value, local.sure) == ("local", False)


def test_hostile_names_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names and statuses can neither steer a terminal nor be taken for markup."""
    name = "orders\x1b[31m[bold]x[/bold]\u202e"
    orders = shops.without_returns()["orders"]
    rows = [{**row, "status": f"\x1b]0;returned\x07[red]{row['status']}"} for row in orders]
    found = proposed({name: rows})
    show_proposal(found, Origin("mongodb", name, {}, {name: {}}, remarks=(name,)))
    shown = capsys.readouterr().out
    assert not [letter for letter in shown if not letter.isprintable() and letter != "\n"]
    assert "[bold]x[/bold]" in shown
    assert "[red]shipped" in shown
