"""The one place that wires: settings in, a working Anfu out. Nothing is opened at import."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from bot.adapters.article_files import LEARNED, ArticleFiles
from bot.adapters.characters import in_script
from bot.adapters.content_files import CONTENT, load_promises, load_scripts, read_yaml
from bot.adapters.knowledge import MeaningIndex
from bot.adapters.orders import ImportedOrders, read_orders, read_products
from bot.adapters.repositories import QuestionRows
from bot.adapters.uow import migrate, open_database, unit_of_work
from bot.domain.knowledge import Article
from bot.domain.scripts import ScriptBook
from bot.nlu.clock import use_clock
from bot.services.handoff import Handoff
from bot.services.intake import Intake
from bot.services.learning import Learning
from bot.services.ports import Clock, KnowledgeIndex, OrderDirectory, UnitOfWork, UnitOfWorkFactory
from bot.services.ticketing import Ticketing
from bot.settings import Settings, from_environment

DEMO = CONTENT / "demo"


def utc_now() -> datetime:
    """The clock of a running system."""
    return datetime.now(UTC)


@dataclass
class Anfu:
    """Everything that does not need the language model, ready to use."""

    settings: Settings
    clock: Clock
    database: Engine
    uow: UnitOfWorkFactory
    scripts: ScriptBook
    labels: dict[str, Any]
    ticketing: Ticketing
    orders: OrderDirectory
    intake: Intake
    handoff: Handoff
    articles: list[Article]
    learning: Learning
    _knowledge: KnowledgeIndex | None = field(default=None, repr=False)

    @property
    def knowledge(self) -> KnowledgeIndex:
        """Articles by meaning; encoded at first use, which `serve` makes at start."""
        if self._knowledge is None:
            from bot.nlu.encoder import encode, encode_all

            self._knowledge = MeaningIndex.build(self.articles, encode, encode_all, self.settings.cache_dir)
        return self._knowledge


def build(settings: Settings, clock: Clock = utc_now) -> Anfu:
    """Open the database in its newest form, read the content, wire the use cases.

    Raises:
        ContentError: a content file is wrong; the message says which and what to do.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    migrate(database)
    uow: UnitOfWorkFactory = unit_of_work(database)
    scripts = load_scripts()
    articles = ArticleFiles(settings.data_dir / LEARNED)
    anfu = Anfu(
        settings=settings,
        clock=clock,
        database=database,
        uow=uow,
        scripts=scripts,
        labels=read_yaml(CONTENT / "labels.yml"),
        ticketing=Ticketing(uow, load_promises(), clock),
        orders=ImportedOrders(uow),
        intake=Intake(uow, scripts, clock),
        handoff=Handoff(scripts, clock, in_script),
        articles=articles.all(),
        learning=Learning(QuestionRows(database), articles, _likeness, scripts.forbidden, clock),
    )
    _bring_demo_data(uow)
    return anfu


def _likeness(texts: Sequence[str]) -> list[list[float]]:
    """Implements `ports.Likeness` with the sentence encoder."""
    from bot.nlu.encoder import encode_all

    vectors = encode_all(list(texts))
    likeness: list[list[float]] = (vectors @ vectors.T).tolist()
    return likeness


def _bring_demo_data(uow: UnitOfWorkFactory) -> None:
    """A new database gets the demo shop, so that there is something to try."""
    with uow() as work:
        if not work.orders.products():
            import_orders(work, DEMO / "products.csv", DEMO / "orders.csv")
            work.commit()


def import_orders(work: UnitOfWork, products_csv: Path, orders_csv: Path | None) -> tuple[int, int]:
    """Read products and orders into the unit of work; the demo shop gives way to the first real one.

    Returns:
        How many products and how many order lines were read.

    Raises:
        ContentError: a line cannot be read; nothing is changed.
    """
    products = read_products(products_csv)
    demo = {product.id for product in read_products(DEMO / "products.csv")}
    if {product.id for product in work.orders.products()} == demo:
        work.orders.clear()
    work.orders.replace_products(products)
    known = {product.id: product for product in work.orders.products()}
    orders = read_orders(orders_csv, known) if orders_csv else []
    return len(products), work.orders.replace_orders(orders)


_current: Callable[[], Anfu] | None = None


def use(anfu: Anfu) -> None:
    """Make this Anfu the one that the actions of this process work with."""
    global _current
    _current = lambda: anfu  # noqa: E731
    use_clock(anfu.clock)


@cache
def _from_environment() -> Anfu:
    return build(from_environment())


def current() -> Anfu:
    """The process's Anfu; `rasa run actions`, which wires nothing, gets one from the environment."""
    return _current() if _current else _from_environment()
