"""The one place that wires: settings in, a working Anfu out. Nothing is opened at import."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from bot.accounts import limits_of
from bot.adapters.article_files import LEARNED, ArticleFiles
from bot.adapters.attachment_store import Files
from bot.adapters.calendar_files import load_calendars
from bot.adapters.canned_files import ShippedReplies, load_canned
from bot.adapters.channel_files import load_channels
from bot.adapters.characters import in_script, simplified
from bot.adapters.compensation_files import load_compensation
from bot.adapters.content_files import CONTENT, load_scripts, load_variables, read_yaml
from bot.adapters.couriers.webhook import signing_key
from bot.adapters.custom_field_files import load_custom_fields
from bot.adapters.database_clock import DatabaseClock
from bot.adapters.department_files import load_departments
from bot.adapters.desk_files import load_desk
from bot.adapters.erasure_log import ERASURES, ErasureFile
from bot.adapters.knowledge import Encoders, LivingIndex
from bot.adapters.orders import ImportedOrders, read_orders, read_products
from bot.adapters.passwords import Argon2
from bot.adapters.privacy_files import load_privacy_notice, load_retention
from bot.adapters.procedure_files import load_facts, load_flows, load_plan, load_timetable
from bot.adapters.quality_files import load_quality
from bot.adapters.repositories import QuestionRows
from bot.adapters.routing_files import load_routing, load_triggers
from bot.adapters.sealing import Keyring
from bot.adapters.second_factor import Totp
from bot.adapters.sla_files import load_sla
from bot.adapters.uow import UnitsOfWork, migrate, open_database, reading
from bot.adapters.warranty_files import load_law
from bot.domain.calendar import Calendars
from bot.domain.channel import ChannelContent
from bot.domain.compensation import Policy as CompensationPolicy
from bot.domain.consent import PrivacyNotice
from bot.domain.custom_field import CustomField
from bot.domain.department import Department
from bot.domain.desk import DeskRules
from bot.domain.flow import Fact, Flow
from bot.domain.followup import Planned
from bot.domain.quality.book import QualityBook
from bot.domain.retention import Period
from bot.domain.revision import Kind as Revised
from bot.domain.routing import Policy as RoutingPolicy
from bot.domain.routing import TriggerBook
from bot.domain.scripts import ScriptBook, Variable
from bot.domain.sla import Policy as SlaPolicy
from bot.domain.ticket import Kind
from bot.domain.visit import Timetable
from bot.domain.warranty.law import Law
from bot.nlu.clock import use_clock
from bot.services.accounts import Accounts
from bot.services.assistance import Assistance
from bot.services.attachments import Attachments
from bot.services.beside import TicketsBeside
from bot.services.bindings import Bindings
from bot.services.briefings import Briefings
from bot.services.canned import CannedReplies
from bot.services.casework import Casework
from bot.services.choices import Choices
from bot.services.conduct import Conduct
from bot.services.consent import Consent
from bot.services.customers import Customers
from bot.services.desk import Desk
from bot.services.editions import Editions
from bot.services.erasing import Erasing
from bot.services.exporting_person import PersonExports
from bot.services.farewells import Farewells
from bot.services.followups import FollowUps
from bot.services.handoff import Handoff
from bot.services.inspection import Inspection
from bot.services.intake import Intake
from bot.services.learning import Learning
from bot.services.links import Links
from bot.services.notices import Noticeboard
from bot.services.people import People
from bot.services.ports import Clock, OrderDirectory, UnitOfWork, UnitOfWorkFactory
from bot.services.presence import Attendance
from bot.services.promises import Promises
from bot.services.proof import Proof
from bot.services.quality import Quality
from bot.services.queue_watch import QueueWatch
from bot.services.queueing import Queueing
from bot.services.reaching import Reaching
from bot.services.resolutions import Resolutions
from bot.services.retention import Retention
from bot.services.revising import Revising
from bot.services.set_back import SetBack
from bot.services.shelves import ArticleShelf, ScriptShelf, Shelf
from bot.services.sign_in import SignIn
from bot.services.sla_watch import SlaWatch
from bot.services.standing import Standing
from bot.services.statutes import Statutes
from bot.services.tasks import Tasks
from bot.services.telling import Telling
from bot.services.ticket_changes import TicketChanges
from bot.services.ticket_desk import TicketDesk
from bot.services.ticket_merging import TicketMerging
from bot.services.ticket_timeline import Timelines
from bot.services.ticket_views import TicketViews
from bot.services.ticketing import Ticketing
from bot.services.triggers import Triggers
from bot.services.visits import Visits
from bot.services.wall import WallView
from bot.services.webhooks import Webhooks
from bot.settings import Settings, from_environment

DEMO = CONTENT / "demo"
ATTACHMENTS = "attachments"
"""Where files lie in the data directory."""


def utc_now() -> datetime:
    """The clock of a running system."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Content:
    """What service staff edit, as read from its files."""

    scripts: ScriptBook
    labels: dict[str, Any]
    flows: dict[Kind, Flow]
    facts: dict[str, Fact]
    plan: tuple[Planned, ...]
    timetable: Timetable
    compensation: CompensationPolicy
    law: Law
    departments: dict[str, Department]
    channels: ChannelContent
    calendars: Calendars
    sla: SlaPolicy
    custom_fields: tuple[CustomField, ...]
    canned: ShippedReplies
    desk: DeskRules
    triggers: TriggerBook
    routing: RoutingPolicy
    quality: QualityBook
    variables: dict[str, Variable]
    privacy: PrivacyNotice
    retention: Sequence[Period]


def load_content() -> Content:
    """Read all content files.

    Raises:
        ContentError: a file is wrong; the message says which, where, and what to do.
    """
    calendars, flows, scripts, routing = load_calendars(), load_flows(), load_scripts(), load_routing()
    departments = load_departments()
    return Content(
        scripts=scripts,
        labels=read_yaml(CONTENT / "labels.yml"),
        flows=flows,
        facts=load_facts(),
        plan=load_plan(),
        timetable=load_timetable(),
        compensation=load_compensation(),
        law=load_law(),
        departments=departments,
        channels=load_channels(departments),
        calendars=calendars,
        sla=load_sla(calendars=calendars),
        custom_fields=load_custom_fields(flows),
        canned=load_canned(),
        desk=load_desk(routing.promise_of),
        triggers=load_triggers(scripts),
        routing=routing,
        quality=load_quality(),
        variables=load_variables(),
        privacy=load_privacy_notice([script.id for script in scripts]),
        retention=load_retention(),
    )


@dataclass
class Anfu:
    """Everything that does not need the language model, ready to use."""

    settings: Settings
    clock: Clock
    database: Engine
    uow: UnitsOfWork
    reading: UnitOfWorkFactory
    fleeting: UnitOfWorkFactory
    content: Content
    scripts: ScriptBook
    labels: dict[str, Any]
    ticketing: Ticketing
    orders: OrderDirectory
    intake: Intake
    handoff: Handoff
    knowledge: LivingIndex
    learning: Learning
    promises: Promises
    casework: Casework
    resolutions: Resolutions
    tasks: Tasks
    followups: FollowUps
    visits: Visits
    conduct: Conduct
    statutes: Statutes
    bindings: Bindings
    consent: Consent
    erasing: Erasing
    person_exports: PersonExports
    retention: Retention
    choices: Choices
    desk: Desk
    farewells: Farewells
    customers: Customers
    briefings: Briefings
    departments: dict[str, Department]
    links: Links
    watch: SlaWatch
    triggers: Triggers
    standing: Standing
    queueing: Queueing
    queue_watch: QueueWatch
    ticket_desk: TicketDesk
    ticket_changes: TicketChanges
    ticket_merging: TicketMerging
    ticket_views: TicketViews
    timelines: Timelines
    attachments: Attachments
    people: People
    sign_in: SignIn
    accounts: Accounts
    presence: Attendance
    assistance: Assistance
    canned: CannedReplies
    beside: TicketsBeside
    editions: Editions
    revising: Revising
    webhooks: Webhooks
    inspection: Inspection
    quality: Quality
    wall: WallView
    set_back: SetBack


def build(settings: Settings, clock: Clock | None = None, content: Content | None = None) -> Anfu:
    """Open the database in its newest form, read the content unless it is given, wire the use cases.

    Raises:
        ContentError: a content file is wrong; the message says which and what to do.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url, Keyring(settings.data_keys()))
    migrate(database)
    uow = UnitsOfWork(database)
    read: UnitOfWorkFactory = reading(database)
    content = content or load_content()
    clock = clock or _clock_of(database)
    # The book that everybody speaks from: what we ship, and over it what staff published.
    scripts, departments = ScriptBook(content.scripts, content.scripts.forbidden), content.departments
    articles = ArticleFiles(settings.data_dir / LEARNED)
    knowledge = LivingIndex((), _encoders, settings.cache_dir)
    shelves: dict[Revised, Shelf] = {
        Revised.SCRIPT: ScriptShelf(content.scripts, content.variables, in_script),
        Revised.ARTICLE: ArticleShelf(articles, scripts.forbidden, in_script),
    }
    editions = Editions(uow, shelves, content.scripts, scripts, articles, knowledge)
    editions.refresh()
    promises = Promises(content.sla)
    orders, ticketing = ImportedOrders(read), Ticketing(uow, promises, clock)
    handoff = Handoff(scripts, clock, in_script)
    telling = Telling(scripts, handoff)
    links = Links(settings.secret(), settings.address)
    board = Noticeboard(departments)
    casework = Casework(uow, content.flows, content.facts, promises, telling, scripts.forbidden, clock)
    followups = FollowUps(uow, casework, content.plan, telling, links, clock)
    triggers = Triggers(read, content.triggers, clock)
    standing = Standing(read, content.routing, content.calendars, clock)
    queueing = Queueing(handoff, triggers, standing, scripts, clock, simplified)
    reaching = Reaching(limits_of(settings, content.channels), content.channels, clock)
    desk = Desk(uow, handoff, casework, promises, scripts, content.desk, clock, reaching)
    farewells = Farewells(uow, desk, handoff, scripts, content.desk, clock)
    consent = Consent(handoff, scripts, ticketing, content.privacy, f"{settings.address}/privacy", clock)
    files = Files(settings.data_dir / ATTACHMENTS)
    statutes = Statutes(casework, ticketing, telling, content.law, clock)
    bindings = Bindings(uow, handoff, scripts, links, clock, limits_of(settings, content.channels))
    resolutions = Resolutions(
        uow, casework, content.compensation, telling, board, links, list(departments), clock
    )  # fmt: skip
    rest_days = content.calendars.of_team("repair").is_rest_day
    canned = CannedReplies(uow, content.canned.replies, content.canned.topics, scripts.forbidden, clock)
    hasher, second_factor = Argon2(), Totp(settings.secret())
    proof = Proof(uow, hasher, second_factor, clock)
    custom_columns = [f"custom.{field.id}" for field in content.custom_fields]
    anfu = Anfu(
        settings=settings,
        clock=clock,
        database=database,
        uow=uow,
        reading=read,
        fleeting=uow.fleeting,
        content=content,
        scripts=scripts,
        labels=content.labels,
        ticketing=ticketing,
        orders=orders,
        intake=Intake(uow, scripts, clock),
        handoff=handoff,
        knowledge=knowledge,
        learning=Learning(QuestionRows(uow.transaction), articles, _likeness, scripts.forbidden, clock),
        promises=promises,
        casework=casework,
        resolutions=resolutions,
        tasks=Tasks(uow, casework, departments, board, links, clock),
        followups=followups,
        visits=Visits(uow, casework, content.timetable, rest_days, clock),
        conduct=Conduct(uow, casework, board, clock),
        statutes=statutes,
        bindings=bindings,
        consent=consent,
        erasing=Erasing(uow, files, ErasureFile(settings.data_dir / ERASURES), clock),
        person_exports=PersonExports(uow, files, clock),
        retention=Retention(uow, content.retention, clock),
        choices=Choices(bindings, followups, statutes, farewells, consent),
        desk=desk,
        farewells=farewells,
        customers=Customers(uow, desk, orders, statutes, clock),
        briefings=Briefings(read, casework, promises, content.labels, content.triggers, clock),
        departments=departments,
        links=links,
        ticket_desk=TicketDesk(uow, clock),
        ticket_changes=TicketChanges(uow, casework, content.custom_fields, content.labels["facts"], clock),
        ticket_merging=TicketMerging(uow, casework, telling, clock),
        ticket_views=TicketViews(uow, list(content.labels["ticket_columns"]) + custom_columns, clock),
        timelines=Timelines(uow),
        attachments=Attachments(uow, casework, desk, files, clock),
        watch=SlaWatch(uow, casework, promises, board, telling, content.labels, clock),
        triggers=triggers,
        standing=standing,
        queueing=queueing,
        queue_watch=QueueWatch(uow, handoff, queueing, triggers, standing, scripts, clock),
        people=People(uow, hasher, clock),
        sign_in=SignIn(uow, proof, clock),
        accounts=Accounts(uow, proof, hasher, second_factor, clock),
        presence=Attendance(uow, clock),
        assistance=Assistance(
            read, desk, scripts, content.labels, statutes, casework, canned, knowledge, _normal,
            in_script, clock,
        ),
        canned=canned,
        editions=editions,
        revising=Revising(uow, shelves, editions, clock),
        webhooks=Webhooks(uow, partial(signing_key, settings.secret()), settings.trusted_hosts, clock),
        beside=TicketsBeside(uow, desk, ticketing, promises, statutes, content.labels["facts"], clock),
        inspection=Inspection(uow, content.quality, clock),
        quality=Quality(uow, content.quality, clock),
        wall=WallView(read, content.desk, content.routing.estimating, clock),
        set_back=SetBack(uow, read, clock),
    )  # fmt: skip
    _bring_demo_data(uow)
    return anfu


def _clock_of(database: Engine) -> Clock:
    """The machine's clock; that of the database where several machines may share it."""
    if database.dialect.name == "postgresql":
        return DatabaseClock(database)
    return utc_now


def _normal(text: str) -> str:
    """A message in normal form, as articles are looked up by."""
    from bot.nlu.normaliser import normal_form

    return normal_form(text).text


def _encoders() -> Encoders:
    """The sentence encoder, loaded at first use, which `serve` makes at start."""
    from bot.nlu.encoder import encode, encode_all

    return encode, encode_all


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
    if _current:
        return _current()
    anfu = _from_environment()
    anfu.editions.refresh()  # no worker looks for what staff have published here
    return anfu
