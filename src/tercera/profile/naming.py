"""The words in the names of fields and places, in English, Spanish and Portuguese."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ORDER = _set(
    "order orders ordr ord pedido pedidos orden ordenes ordem ordens compra compras venta ventas venda "
    "vendas sale "
    "sales invoice invoices factura facturas fatura faturas shipping shipment shipments envio envios "
    "purchase "
    "purchases transaction transactions transaccion transacciones transacao encomenda encomendas "
    "guia guias booking bookings reserva reservas checkout"
)
ID = _set(
    "id ids no nr nro num number numero code codigo cod ref reference referencia key uuid guid oid "
    "identificador identifier identification identificacion identificacao"
)
CUSTOMER = _set(
    "customer customers cust client clients cliente clientes buyer buyers comprador compradores user users "
    "usuario usuarios account accounts cuenta cuentas conta contas member members consumer consumidor "
    "shopper partner person persona pessoa contact contacto contato"
)
VENDOR = _set(
    "vendor vendors seller sellers merchant merchants vendedor vendedores tienda tiendas loja lojas lojista "
    "shop store company empresa comercio tenant dbname"
)
STATUS = _set("status statuses state estado estados estatus situacao situacion stage etapa fase phase")
SAYS_STATUS = _set("status statuses estado estados estatus situacao situacion")
IN_UTC = _set("gmt utc")
BILLED = _set("billing bill facturacion cobranca recipient destinatario")
PLACED = _set(
    "created create placed ordered order purchase purchased creado creada creacion criado criada criacao "
    "compra pedido emissao emision venta venda invoice factura fatura submitted realizado"
)
DATE = _set("date dates datetime fecha data at on time timestamp ts dia day hora when moment momento")
LATER = _set(
    "updated update modified changed delivered delivery shipped dispatched cancelled canceled cancel "
    "returned return refund refunded paid payment due expires expiry expected estimated birth born "
    "birthday deleted "
    "synced imported inserted closed last entrega entregado entregue modificado modificacion atualizado "
    "atualizacao actualizado actualizacion nacimiento nascimento vencimiento vencimento pago pagamento "
    "devolucion devolucao cancelacion cancelamento cancelado processed completed etl loaded"
)
AMOUNT = _set("amount total price value valor importe monto montante preco precio grand gmv revenue sum")
PART_OF_AMOUNT = _set(
    "tax taxes vat iva discount descuento desconto qty quantity cantidad quantidade items lines count unit "
    "subtotal untaxed net fee cost costo custo frete flete refund refunded declared weight"
)
EMAIL = _set("email mail emails correo")
NAME = _set("name nombre nome fullname firstname nombres razon razao")
PART_OF_NAME = _set(
    "firstname first last middle sur given family apellido apellidos sobrenome user login file "
    "product producto"
)
LANGUAGE = _set("language lang idioma locale lingua lengua")
TIMEZONE = _set("timezone tz zone zona fuso")
CURRENCY = _set("currency moneda moeda divisa")
OTHER_THINGS = _set(
    "product producto produto item line linea linha tracking payment pago address direccion endereco parent "
    "external session cart carrier warehouse coupon stock sku employee invoiceline rastreo campaign"
)
ASIDE = _set(
    "items item lines line linea lineas itens archive archived backup bak old tmp temp test log logs events "
    "event history historial historico audit copy deleted staging draft drafts"
)
MONEY_STATUS = _set("payment financial billing pago pagamento fraud risk invoice")

_LANGUAGES = {
    "es": _set(
        "pedido pedidos estado fecha cliente clientes correo nombre importe monto idioma devuelto devuelta "
        "cancelado entregado enviado pendiente anulado devolucion moneda tienda pagado orden factura usuario "
        "creado direccion telefono venta ventas cantidad"
    ),
    "pt": _set(
        "pedido pedidos situacao data cliente clientes nome valor idioma devolvido devolvida devolucao "
        "cancelado entregue enviado pendente estornado moeda loja pago criado venda vendas endereco telefone "
        "usuario fatura preco quantidade compra estado"
    ),
    "en": _set(
        "order orders status date customer customers name amount total language returned cancelled canceled "
        "delivered shipped pending currency store created address phone sale sales quantity user"
    ),
}


def without_accents(text: str) -> str:
    """Lower case, and letters as they are without their marks."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name: `customer.orderDate` is customer, order, date; `e-mail` is one."""
    apart = unicodedata.normalize("NFKD", name[:300])
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    plain = re.sub(r"(?i)e[-_]mail", "email", plain)
    return tuple(_split(word) for word in (each.lower() for each in _WORDS.findall(plain)))


_RUN_TOGETHER = {
    "orderid": "order",
    "customerid": "customer",
    "clientid": "client",
    "userid": "user",
    "idpedido": "pedido",
    "idcliente": "cliente",
    "orderdate": "ordered",
    "createdat": "created",
    "orderstatus": "status",
}


def _split(word: str) -> str:
    return _RUN_TOGETHER.get(word, word)


def languages_of(texts: list[str]) -> dict[str, int]:
    """How many words of each language stand in names and values."""
    words = {word for text in texts for word in words_of(text)}
    return {language: len(known & words) for language, known in _LANGUAGES.items()}
