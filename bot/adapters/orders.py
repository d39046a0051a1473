"""The embedded order directory: products and orders imported from CSV files."""

import csv
import math
import re
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TextIO

from bot.domain.errors import ContentError
from bot.domain.order import Order, Product
from bot.services.ports import UnitOfWorkFactory

NAMES_FRESH_SECONDS = 30.0
"""How long product names are kept in memory: a running server knows a new import this soon."""


class ImportedOrders:
    """Implements `ports.OrderDirectory` on the imported tables; product names are kept in memory."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow
        self._by_name: dict[str, Product] = {}
        self._read_at = -math.inf

    def by_number(self, number: str) -> list[Order]:
        """The lines of an order; [] where it is unknown."""
        with self._uow() as uow:
            return uow.orders.by_number(number)

    def by_phone(self, phone: str) -> list[Order]:
        """Orders made with a phone number, newest first."""
        with self._uow() as uow:
            return uow.orders.by_phone(phone)

    def product_called(self, words: str) -> Product | None:
        """The product that these words name by name, model or alias; the longest name wins."""
        if time.monotonic() - self._read_at > NAMES_FRESH_SECONDS:
            self._by_name, self._read_at = self._read_names(), time.monotonic()
        words = words.lower()
        if exact := self._by_name.get(words):
            return exact
        named = [name for name in self._by_name if len(name) >= 2 and name in words]
        return self._by_name[max(named, key=len)] if named else None

    def _read_names(self) -> dict[str, Product]:
        with self._uow() as uow:
            products = uow.orders.products()
        names = {alias.lower(): product for product in products for alias in product.aliases}
        names.update({product.model.lower(): product for product in products if product.model})
        names.update({product.name.lower(): product for product in products})
        return names


def read_products(path: Path) -> list[Product]:
    """Products from CSV with the header product_id, name, category, model, price_fen, aliases (separated by |).

    Raises:
        ContentError: a line cannot be read; the message names file and line.
    """
    return [
        Product(row["product_id"], row["name"], row["category"], row["model"], int(row["price_fen"]), _aliases(row))
        for _, row in _rows(path, "product_id name category model price_fen aliases", ints="price_fen")
    ]


def read_orders(path: Path, products: dict[str, Product]) -> list[Order]:
    """Orders from CSV with the header order_number, phone, product_id, quantity, price_fen, bought_on, received_on,
    channel, status, tracking; days as YYYY-MM-DD.

    Raises:
        ContentError: a line cannot be read or names an unknown product.
    """
    orders = []
    header = "order_number phone product_id quantity price_fen bought_on received_on channel status tracking"
    for line, row in _rows(path, header, ints="quantity price_fen"):
        if row["product_id"] not in products:
            raise ContentError(
                f"{path.name} 第 {line} 行：订单 {row['order_number']} 的商品 {row['product_id']} "
                "不在商品表里，请先导入商品"
            )
        try:
            bought = date.fromisoformat(row["bought_on"])
            received = date.fromisoformat(row["received_on"]) if row["received_on"] else None
        except ValueError as error:
            raise ContentError(
                f"{path.name} 第 {line} 行：订单 {row['order_number']} 的日期应写成 2026-11-03 的样子"
            ) from error
        orders.append(
            Order(
                number=row["order_number"], phone=row["phone"], product=products[row["product_id"]],
                quantity=int(row["quantity"]), price_fen=int(row["price_fen"]), bought_on=bought, received_on=received,
                channel=row["channel"], status=row["status"], tracking=row["tracking"],
            )
        )  # fmt: skip
    return orders


def _aliases(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(alias.strip() for alias in row["aliases"].split("|") if alias.strip())


def _rows(path: Path, header: str, ints: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line with its number."""
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ContentError(f"打不开 {path}：{error.strerror}") from error
    with file:
        reader = csv.DictReader(_lines(file, path))
        if missing := set(header.split()) - set(reader.fieldnames or ()):
            raise ContentError(f"{path.name} 缺少列：{'、'.join(sorted(missing))}")
        for row in reader:
            if None in row or None in row.values():
                raise ContentError(f"{path.name} 第 {reader.line_num} 行：列数与表头不同")
            for name in ints.split():
                if not re.fullmatch("[0-9]{1,15}", row[name]):
                    raise ContentError(f"{path.name} 第 {reader.line_num} 行：{name} 应为整数，现在是“{row[name]}”")
            yield reader.line_num, row


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    try:
        yield from file
    except UnicodeDecodeError as error:
        raise ContentError(f"{path.name} 不是 UTF-8 编码：请在 Excel 中另存为“CSV UTF-8”") from error
