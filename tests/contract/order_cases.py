"""Orders as real databases hold them: hand-written ones, each for a fact, and generated ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import strategies as st

from tercera.fields import Derived, OrderFields
from tercera.model import CUSTOMER, Counting, Match, Period

RETURNED = Match("status", ("returned", "cancelled"))
MONTH = Counting((RETURNED,), CUSTOMER, Period.MONTH, "America/Bogota")
PLAIN = OrderFields(amount="amount", fields={"seller": "seller"})


@dataclass(frozen=True)
class Case:
    """Orders, where their values stand, and what is counted. `zone` is that of wall-clock times."""

    fact: str
    rows: list[dict[str, Any]]
    fields: OrderFields = PLAIN
    counting: Counting = MONTH
    zone: str = field(default="America/Bogota")


_ABSURD_DAYS = [
    *("5000000-01-01", "294247-01-11", "99999-12-31", "20000-01-01", "9999-12-31", "0000-01-01", "-44-03-15"),
    *("infinity", "-infinity", "epoch", "now", "today", "290308-12-22 (BC)", "2023-06-01 (BC)"),
]


def order(
    order_id: Any, placed_at: Any, status: Any = "returned", customer_id: Any = "ana_1", **more: Any
) -> dict[str, Any]:
    """One row; a returned order of ana_1 unless said otherwise."""
    row = {"order_id": order_id, "customer_id": customer_id, "status": status, "placed_at": placed_at}
    return {**row, "amount": None, "seller": None, **more}


CASES = [
    Case(
        "lines, duplicate rows and orders that were inserted again count once",
        [order("o1", "2023-06-01")] * 3
        + [order("o1", "2023-06-02", amount="5.5"), order("o2", "2023-06-03"), order("o2", "2023-06-03")],
    ),
    Case(
        "an order that changed its status, customer or month counts where any of its rows matches",
        [
            order("o1", "2023-06-01", "delivered"),
            order("o1", "2023-06-09", "returned"),
            order("o1", "2023-06-09", "cancelled", customer_id="bob_2"),
            order("o1", "2023-07-01", "returned"),
            order("o1", "2023-07-01", "delivered", customer_id="bob_2"),
        ],
    ),
    *(
        Case(
            f"an absurd date is a reject, whatever an engine takes it for ({', '.join(formats) or 'ISO'})",
            [
                order("o1", "2023-06-01T10:00:00Z"),
                *(
                    order(f"o{number}", f"{day}{rest}")
                    for number, (day, rest) in enumerate(
                        product(_ABSURD_DAYS, ("", "T10:00:00Z", " 10:00:00"))
                    )
                ),
            ],
            PLAIN.model_copy(update={"formats": formats}),
        )
        for formats in ((), ("%Y-%m-%d",), ("%Y-%m-%dT%H:%M:%S%z",), ("%Y-%m-%d %H:%M:%S",))
    ),
    Case(
        "an id may begin with anything that is seen, and a pattern may fit nothing at all",
        [
            order(f"{start}{number}", "2023-06-01", customer_id=f"{start}na", status=status, amount="1.005")
            for number, status in enumerate(("returned", "ŕ", "\x7freturned", " returned"))
            for start in (
                "a",
                "!",
                "~",
                "\x7f",
                "ñ",
                " a",
                "\u00a0x",
                "日",
                "🧵",
                "\u200b",
                "",
                " ",
                "\u3000",
            )
        ],
        PLAIN.model_copy(update={"valid": {"customer_id": "x*", "order_id": "[^q]*$"}}),
    ),
    Case(
        "a row is rejected for the first reason that holds, and so is counted once",
        [
            order(None, None, None, None),
            order("o1", None, None, None),
            order("o1", None, None),
            order("o1", "2023-02-30", None),
            order("o1", "2023-06-01", None),
            order("  ", "2023-06-01"),
            order("o1", "2023-06-01", customer_id="\t\u00a0"),
            order("o1", " "),
            order("o1", "2023-06-01", ""),
            order("o2", "2023-06-01"),
        ],
    ),
    Case(
        "a date is strict: no missing digits, no spaces, no days that never were",
        [
            order(f"o{number}", text)
            for number, text in enumerate(
                [
                    "2023-6-1",
                    " 2023-06-01",
                    "2023-06-01 ",
                    "2023-02-29",
                    "2024-02-29",
                    "1899-12-31",
                    "2100-01-01",
                    "20230601",
                    "2023-06-01T25:00:00",
                    "2023-06-01 10:00",
                    "soon",
                    "0",
                    "2023-06-01T10:00:00",
                    "2023-06-01T10:00:00.5",
                    "2023-06-01T10:00:00Z",
                    "2023-06-01 10:00:00+0530",
                    "2023-13-01",
                    "2023-06-01T10:00:00.1234567",
                    "2023-06-01T10:00:00+24:00",
                    "1900-01-01",
                    "2099-12-31",
                ]
            )
        ],
    ),
    Case(
        "a time with an offset is shifted to the rule's month, a wall clock is read in the source's zone",
        [
            order("o1", "2023-07-01T02:00:00Z"),  # still June in Bogota
            order("o2", "2023-07-01T02:00:00"),  # Madrid's clock: the evening before in Bogota
            order("o3", "2023-07-01"),
            order("o4", "2023-06-30T23:00:00-05:00"),
            order("o5", "2023-06-30T23:00:00-0600"),
        ],
        zone="Europe/Madrid",
    ),
    Case(
        "an hour that comes twice is read the first time, one that never comes with the offset before",
        [
            order("o1", "2023-10-29 02:30:00"),
            order("o2", "2023-03-26 02:30:00"),
            order("o3", "2023-10-29 00:59:59"),
            order("o4", "2023-10-29 03:00:00"),
            order("o5", "2018-11-03 23:59:59"),
        ],
        counting=Counting((RETURNED,), CUSTOMER, Period.DAY, "America/Sao_Paulo"),
        zone="Europe/Madrid",
    ),
    Case(
        "stored times: an instant is shifted, a date is not",
        [
            order("o1", datetime(2023, 7, 1, 2, tzinfo=UTC)),
            order("o2", datetime(2023, 7, 1, 6, tzinfo=timezone(timedelta(hours=2)))),
            order("o3", date(2023, 7, 1)),
        ],
    ),
    Case(
        "case counts unless it is said not to, also beyond ASCII",
        [
            order("o1", "2023-06-01", "Devolución"),
            order("o2", "2023-06-01", "DEVOLUCIÓN"),
            order("o3", "2023-06-01", "devolucion"),
            order("o4", "2023-06-01", "devolución "),
        ],
        counting=Counting((Match("status", ("devolución",), True),), CUSTOMER, Period.MONTH, "UTC"),
    ),
    Case(
        "every condition must hold, each on its own field",
        [
            order("o1", "2023-06-01", seller="s1"),
            order("o2", "2023-06-01", seller="s2"),
            order("o3", "2023-06-01", "delivered", seller="s1"),
            order("o4", "2023-06-01"),
        ],
        counting=Counting((RETURNED, Match("seller", ("s1",))), CUSTOMER, Period.MONTH, "UTC"),
    ),
    Case(
        "per another field the subject is what stands there, and a row without it is a reject",
        [
            order("o1", "2023-06-01", seller="s1"),
            order("o2", "2023-06-02", customer_id="bob_2", seller="s1"),
            order("o3", "2023-06-03"),
            order("o4", "2023-06-03", seller=" "),
        ],
        counting=Counting((RETURNED,), "seller", Period.QUARTER, "UTC"),
    ),
    Case(
        "ids that do not fit their patterns are rejects; the end of a pattern is the very end",
        [
            order("o1", "2023-06-01", customer_id="bigcolors_1381618804"),
            order("o2", "2023-06-01", customer_id="6465208fbc1391265257ed5d"),
            order("o3", "2023-06-01", customer_id="fulanitoperensejoluisantoniodelbarrioconarepi"),
            order("o4", "2023-06-01", customer_id="bigcolors_1381618804\n"),
            order("x5", "2023-06-01", customer_id="bigcolors_1381618804"),
            order("o6", "2023-06-01", "Returned?", customer_id="bigcolors_1381618804"),
        ],
        fields=PLAIN.model_copy(
            update={
                "valid": {
                    "customer_id": r"^(\w+_\d+|[0-9A-Za-z]{24})$",
                    "order_id": "^o",
                    "status": r"^\w+$",
                }
            }
        ),
    ),
    Case(
        "what an order is can be told from the shape of its number",
        [
            order("C1", "2023-06-01", None),
            order("C2", "2023-06-01", None, customer_id=None),
            order("A3", "2023-06-01", None),
            order("4", "2023-06-01", None),
            order("4C", "2023-06-01", None),
        ],
        fields=PLAIN.model_copy(
            update={
                "derive": {
                    "status": Derived(
                        source="order_id",
                        patterns={"cancelled": "^C", "adjusted": "^A"},
                        otherwise="completed",
                    )
                }
            }
        ),
    ),
    Case(
        "what no pattern tells is missing",
        [order("C1", "2023-06-01", None), order("9", "2023-06-01", None)],
        fields=PLAIN.model_copy(
            update={"derive": {"status": Derived(source="order_id", patterns={"cancelled": "^C"})}}
        ),
    ),
    Case(
        "amounts are exact to four decimals, the largest of an order's rows; what is no number is unknown",
        [
            order("o1", "2023-06-01", amount="10.10"),
            order("o1", "2023-06-01", amount="10.2"),
            order("o2", "2023-06-01", amount="free"),
            order("o3", "2023-06-01", amount=" -3 "),
            order("o4", "2023-06-01", amount="0.00005"),
            order("o5", "2023-06-01", amount="0.00015"),
            order("o6", "2023-06-01", amount="1e3"),
            order("o7", "2023-06-01", amount="NaN"),
            order("o8", "2023-06-01", amount="999999999999999"),
            order("o9", "2023-06-01", amount="1_000"),
        ],
    ),
    Case(
        "evidence is the earliest, in the order of time and id; the counts are not capped",
        [order(f"o{number}", f"2023-06-{30 - number:02d}") for number in range(20)]
        + [
            order("b", "2023-06-11"),
            order("a", "2023-06-11"),
            order("ñ", "2023-06-11"),
            order("Z", "2023-06-11"),
        ],
        counting=Counting((RETURNED,), CUSTOMER, Period.MONTH, "UTC", evidence=3),
    ),
    Case(
        "weeks begin on Monday and belong to their ISO year",
        [order(f"o{number}", text) for number, text in enumerate(["2020-12-31", "2021-01-03", "2021-01-04"])],
        counting=Counting((RETURNED,), CUSTOMER, Period.WEEK, "UTC"),
    ),
    Case(
        "text is kept as it stands, whatever is in it",
        [
            order("o,1", "2023-06-01", customer_id='say "hi"'),
            order("o\n2", "2023-06-01", customer_id='say "hi"'),
            order("=1+1", "2023-06-01", customer_id="Ünï 東京 🚚"),
            order("o' OR 1=1 --", "2023-06-01", customer_id="$where"),
            order(" o5", "2023-06-01", customer_id="Ünï 東京 🚚"),
        ],
    ),
    Case(
        "around the end of a month what the rule's clock shows counts, in any case and script, once",
        [
            order(order_id, f"{clock}{offset}", status, customer_id="Ünï 東京 🚚")
            for offset in ("Z", "+14:00", "-11:00", "")
            for order_id, clock, status in (
                (f"ñ{offset}1", "2023-06-30T23:59:59.999999", "Returned"),
                (f"ñ{offset}1", "2023-06-30T23:59:59.999999", "RETURNED"),
                (f"ñ{offset}2", "2023-07-01T00:00:00.0", "rEtUrNeD"),
                (f"ñ{offset}3", "2023-07-01T12:45:00.5", "returned "),
            )
        ],
        PLAIN.model_copy(update={"formats": ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S.%f")}),
        Counting((Match("status", ("returned",), True),), CUSTOMER, Period.MONTH, "Pacific/Chatham"),
        "Australia/Lord_Howe",
    ),
    Case("no orders at all are no tallies and no rejects", []),
]

FIELDS = [
    PLAIN,
    PLAIN.model_copy(update={"formats": ("%Y-%m-%d",), "valid": {"customer_id": r"^\w+_\d+$"}}),
    PLAIN.model_copy(
        update={
            "formats": ("%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"),
            "timezone": "Europe/Madrid",
        }
    ),
    PLAIN.model_copy(
        update={
            "derive": {
                "status": Derived(source="order_id", patterns={"returned": "^o[12]"}, otherwise="kept")
            }
        }
    ),
]
ZONES = ["UTC", "America/Bogota", "Europe/Madrid", "America/Sao_Paulo", "Australia/Lord_Howe"]

_EDGES = [
    datetime(2023, 6, 30, 23, 59, 59),
    datetime(2023, 7, 1, 0, 0, 0),
    datetime(2023, 3, 26, 2, 30),
    datetime(2023, 10, 29, 2, 30),
    datetime(2018, 11, 4, 0, 30),
    datetime(2023, 12, 31, 23, 30),
    datetime(2024, 1, 1),
]
_moments = st.builds(
    lambda edge, minutes: edge + timedelta(minutes=minutes), st.sampled_from(_EDGES), st.integers(-600, 600)
)
_placed = st.one_of(
    _moments.map(lambda moment: moment.date().isoformat()),
    _moments.map(lambda moment: moment.isoformat()),
    _moments.map(lambda moment: moment.isoformat() + "Z"),
    _moments.map(lambda moment: moment.isoformat() + "-05:00"),
    _moments.map(lambda moment: moment.strftime("%d/%m/%Y")),
    _moments.map(lambda moment: moment.replace(tzinfo=UTC)),
    st.sampled_from(["2023-02-30", "soon", "", " ", None]),
)
_rows = st.builds(
    order,
    st.sampled_from(["o1", "o2", "o3", "o4", "o5", "ñ6", 7, "7", None, " "]),
    _placed,
    st.sampled_from(["returned", "cancelled", "Returned", "delivered", "delivered", None, ""]),
    st.sampled_from(["ana_1", "bob_2", "ñandú_3", 17850, "junk", None, ""]),
    amount=st.sampled_from(["1.5", "2", Decimal("10.25"), 3, None, "free"]),
    seller=st.sampled_from(["s1", "s2", None]),
)
_whens = st.sampled_from(
    [
        (RETURNED,),
        (Match("status", ("RETURNED",), ignore_case=True),),
        (RETURNED, Match("seller", ("s1",))),
        (),
    ]
)
_countings = st.builds(
    Counting,
    when=_whens,
    per=st.sampled_from([CUSTOMER, CUSTOMER, "seller", "status"]),
    within=st.sampled_from(Period),
    zone=st.sampled_from(ZONES),
    evidence=st.sampled_from([0, 2, 50]),
)
cases = st.builds(
    Case,
    fact=st.just("generated"),
    rows=st.lists(_rows, max_size=40),
    fields=st.sampled_from(FIELDS),
    counting=_countings,
    zone=st.sampled_from(ZONES),
)
