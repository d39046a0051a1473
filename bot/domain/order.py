"""Products and orders, as the shop knows them."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Product:
    """Something the shop sells. `aliases` are what customers call it; the price is in fen."""

    id: str
    name: str
    category: str
    model: str
    price_fen: int
    aliases: tuple[str, ...] = ()

    def is_called(self, words: str) -> bool:
        """Whether these words name it."""
        return words in (self.id, self.name, self.model, *self.aliases) or self.name in words


@dataclass(frozen=True)
class Order:
    """One product of one order. `received_on` is None until it was signed for."""

    number: str
    phone: str
    product: Product
    quantity: int
    price_fen: int
    bought_on: date
    received_on: date | None
    channel: str
    status: str
    tracking: str


def yuan(fen: int) -> str:
    """Fen as a price people read: 299900 → `2999 元`, 299950 → `2999.50 元`."""
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02d} 元" if rest else f"{whole} 元"
