"""Shops for the profiler, as rows of plain values: made up, in three languages."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tercera.profile import Cell, Counted, Sample
from tercera.profile.values import cell_of, sample_of

Row = Mapping[str, Any]
Shop = Mapping[str, Sequence[Row]]
FIRST = date(2026, 1, 1)


def samples_of(shop: Shop) -> list[Sample]:
    """Every place, read whole."""
    return [sample_of(name, map(cells, rows), len(rows), "all of them read") for name, rows in shop.items()]


def cells(row: Row) -> dict[str, Cell | None]:
    """A row as cells."""
    return {name: cell_of(value) for name, value in row.items()}


@dataclass(frozen=True)
class Known:
    """`profile.Looks` that has everything in memory; `asked` remembers what it was asked."""

    shop: Shop
    asked: list[tuple[str, str]] = field(default_factory=list)

    def count(self, place: str, path: str) -> Counted:
        """See `profile.Looks`."""
        self.asked.append((place, path))
        texts: dict[str, int] = {}
        for row in self.shop[place]:
            if (cell := cell_of(row.get(path))) is not None and cell.text is not None:
                texts[cell.text] = texts.get(cell.text, 0) + 1
        return Counted(texts, len(self.shop[place]), exact=True)

    def found(self, place: str, path: str, ids: Sequence[str]) -> frozenset[str]:
        """See `profile.Looks`."""
        self.asked.append((place, path))
        there = {cell.text for row in self.shop[place] if (cell := cell_of(row.get(path))) is not None}
        return frozenset(ids) & there


def notebook(orders: int = 1000) -> Shop:
    """The shape of the notebook that Tercera comes from."""
    r = random.Random(1)
    ids = [f"tienda{n}_13816{n:05d}" for n in range(60)] + [f"{n:024x}" for n in range(1000, 1020)]
    junk = "fulanitoperensejoluisantoniodelbarrioconarepi"
    rows = [
        {
            "_id": f"{n:024x}",
            "shipping_id": f"S{n}",
            "order_vendor_dbname": junk if n % 50 == 0 else r.choice(ids),
            "shipping_date": "soon" if n % 97 == 0 else str(FIRST + timedelta(r.randrange(150))),
            "shipping_status": status(r, "delivered", "returned", "cancelled", "in_transit"),
            "city": r.choice(["Bogotá", "Cali", "Medellín"]),
        }
        for n in range(orders)
    ]
    clients = [{"_id": n, "identificationNumber": each, "name": f"Tienda {n}", "email": f"t{n}@example.com"}
               for n, each in enumerate(ids)]  # fmt: skip
    return {"Clients": clients, "Orders": rows}


def spanish(orders: int = 800) -> Shop:
    """Statuses with accents and capitals, instants, a customer's id inside of the order."""
    r = random.Random(2)
    midnight = datetime(2026, 1, 1, 5, tzinfo=UTC)
    rows = [
        {
            "numeroPedido": 10_000 + n,
            "cliente.id": str(r.randrange(90)),
            "cliente.nombre": "Ana",
            "estado": status(r, "Entregado", "DEVUELTO", "Anulado por el cliente", "En camino", "Devuelto"),
            "fechaPedido": midnight + timedelta(hours=r.randrange(24 * 200), minutes=r.randrange(60)),
            "fechaEntrega": midnight + timedelta(days=r.randrange(200)),
            "importeTotal": r.random() * 100,
            "moneda": "COP",
        }
        for n in range(orders)
    ]
    theirs = {"idioma": "es", "tz": "America/Bogota"}
    clientes = [{"id": n, "nombre": f"Ana {n}", "correo": f"a{n}@example.com", **theirs} for n in range(90)]
    return {"pedidos": rows, "clientes": clientes, "productos": things(), "pedidos_archivo": []}


def portuguese(orders: int = 800) -> Shop:
    """Dates day first, compound statuses, offsets in texts of another field."""
    r = random.Random(3)
    rows = [
        {
            "codigo_pedido": f"PED-{n:06d}",
            "cpf_cliente": f"{r.randrange(70):03d}.456.789-00",
            "situacao": status(r, "entregue", "devolvido", "cancelado pelo cliente", "pendente", "estornado"),
            "data_pedido": f"{FIRST + timedelta(r.randrange(300)):%d/%m/%Y}",
            "atualizado_em": f"{FIRST + timedelta(r.randrange(300)):%d/%m/%Y}",
            "valor_total": f"{r.random() * 100:.2f}",
        }
        for n in range(orders)
    ]
    pessoas = [{"cpf": f"{n:03d}.456.789-00", "nome": f"João {n}", "email": f"j{n}@example.com"}
               for n in range(70)]  # fmt: skip
    return {"vendas": rows, "clientes": pessoas}


def without_customers(orders: int = 400) -> Shop:
    """Orders and nothing else; codes of a carrier."""
    r = random.Random(4)
    carrier = ("DELIVERED", "RTO_DELIVERED", "CANCELED", "RTO_INITIATED", "RETURN_REQUESTED")
    return {
        "shipments": [
            {
                "OrderNo": f"W{n}",
                "CustomerNumber": r.randrange(50),
                "OrderStatus": status(r, *carrier),
                "OrderDate": f"{FIRST + timedelta(r.randrange(200))}T{r.randrange(24):02d}:00:00-05:00",
            }
            for n in range(orders)
        ]
    }


def without_returns(orders: int = 400) -> Shop:
    """A shop to which nothing ever came back."""
    r = random.Random(5)
    return {
        "orders": [
            {
                "id": n,
                "customer_id": r.randrange(40),
                "status": status(r, "paid", "shipped", "delivered"),
                "created_at": FIRST + timedelta(r.randrange(200)),
            }
            for n in range(orders)
        ],
        "users": [{"id": 5000 + n, "name": "U", "email": f"u{n}@example.com"} for n in range(40)],
    }


def things() -> list[Row]:
    """Something that is no order."""
    return [{"sku": f"A{n}", "nombre": f"cosa {n}", "precio": n * 1.5} for n in range(50)]


def status(r: random.Random, *names: str) -> str:
    """One of some statuses, the first of them mostly."""
    return r.choices(names, [len(names) * 3, *([1] * (len(names) - 1))])[0]


def named(shop: Shop, names: Iterable[str]) -> Shop:
    """Only some of the places."""
    return {name: shop[name] for name in names}
