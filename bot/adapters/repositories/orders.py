"""Products and orders to rows and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, bindparam, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.adapters.repositories.prepared import Prepared
from bot.domain.order import Order, Product

_PRODUCT = [column.label(f"product_{column.name}") for column in t.products.c if column.name != "id"]
_PRODUCTS = select(t.products.c.id.label("product_id"), *_PRODUCT).order_by(t.products.c.id)


def _orders_with(column: Column) -> Prepared:
    """Orders and their products, the newest first."""
    both = t.orders.join(t.products, t.orders.c.product_id == t.products.c.id)
    newest = t.orders.c.bought_on.desc(), t.orders.c.number.desc()
    ordered = select(t.orders, *_PRODUCT).select_from(both).order_by(*newest)
    return Prepared(ordered.where(column == bindparam("wanted")))


_BY_NUMBER, _BY_PHONE = _orders_with(t.orders.c.number), _orders_with(t.orders.c.phone)


class OrderRows:
    """Implements `ports.Orders`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def clear(self) -> None:
        """Forget all products and orders."""
        self._db.execute(t.orders.delete())
        self._db.execute(t.products.delete())

    def replace_products(self, products: Sequence[Product]) -> int:
        """Store products; one with a known id is replaced."""
        for p in products:
            values = {
                "name": p.name,
                "category": p.category,
                "model": p.model,
                "price_fen": p.price_fen,
                "aliases": list(p.aliases),
            }
            insert = insert_for(self._db)(t.products).values(id=p.id, **values)
            self._db.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))
        return len(products)

    def replace_orders(self, orders: Sequence[Order]) -> int:
        """Store orders; the same product of a known order is replaced."""
        for o in orders:
            values = {
                "phone": o.phone, "quantity": o.quantity, "price_fen": o.price_fen, "bought_on": o.bought_on,
                "received_on": o.received_on, "channel": o.channel, "status": o.status, "tracking": o.tracking,
            }  # fmt: skip
            insert = insert_for(self._db)(t.orders).values(number=o.number, product_id=o.product.id, **values)
            self._db.execute(insert.on_conflict_do_update(index_elements=["number", "product_id"], set_=values))
        return len(orders)

    def by_number(self, number: str) -> list[Order]:
        """The lines of an order; [] where it is unknown."""
        return self._orders(_BY_NUMBER, number)

    def by_phone(self, phone: str) -> list[Order]:
        """Orders made with a phone number, newest first."""
        return self._orders(_BY_PHONE, phone)

    def products(self) -> list[Product]:
        """All products."""
        return [_product(row) for row in self._db.execute(_PRODUCTS).mappings()]

    def _orders(self, query: Prepared, wanted: str) -> list[Order]:
        return [
            Order(
                number=row["number"], phone=row["phone"], product=_product(row), quantity=row["quantity"],
                price_fen=row["price_fen"], bought_on=row["bought_on"], received_on=row["received_on"],
                channel=row["channel"], status=row["status"], tracking=row["tracking"],
            )
            for row in self._db.execute(query, {"wanted": wanted}).mappings()
        ]  # fmt: skip


def _product(row: Mapping[str, Any]) -> Product:
    return Product(
        row["product_id"], row["product_name"], row["product_category"], row["product_model"],
        row["product_price_fen"], tuple(row["product_aliases"]),
    )  # fmt: skip
