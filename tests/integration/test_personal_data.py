"""Personal data: nothing of it lies open on the disk, a person gets a copy of all of it, and is forgotten (E10)."""

import json
import uuid
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import Engine

from bot.adapters.erasure_log import ERASURES
from bot.adapters.repositories import QuestionRows
from bot.adapters.resealing import reseal, tallies
from bot.adapters.sealing import Keyring, NoKey
from bot.adapters.tables import metadata
from bot.adapters.uow import UnitsOfWork, migrate, open_database
from bot.bootstrap import Anfu, build
from bot.domain.actor import Role
from bot.domain.audit import Change, first_broken
from bot.domain.customer import Customer
from bot.domain.desk import View
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.message import Reply, Sender
from bot.domain.notice import Notice, Way
from bot.domain.person import Person
from bot.domain.ticket import Kind, Ticket
from bot.domain.ticket_view import Filter, Sort
from bot.settings import Settings
from tests.integration.fixtures_after_sales import LI
from tests.integration.fixtures_database import DATA_KEY, KEYS
from tests.integration.test_migrations import to

PHONE, NAME, STREET = "13712345678", "欧阳明月", "文三路一百零八弄"
ADDRESS = f"杭州市西湖区{STREET} 3 单元 502"
NEEDLES = (PHONE, NAME, STREET)
OTHER_PHONE = "13900009999"
NEW_KEY = "a newer data key that only tests seal with"


class Shop:
    """A customer who tells who they are, in all places where that may be kept."""

    def __init__(self, anfu: Anfu) -> None:
        self.anfu = anfu
        self.conversation = anfu.intake.open_conversation("wechat", "oOpenIdOfSomebody").id
        anfu.intake.accept(self.conversation, "m1", f"我叫{NAME}，电话{PHONE}，住在{ADDRESS}")
        fields = {"product": "洗衣机", "symptom": f"漏水，联系{NAME}", "phone": PHONE, "address": ADDRESS}
        self.ticket = self._open(fields)
        self._file_and_notes()
        self._post()

    def _open(self, fields: dict[str, str]) -> Ticket:
        return self.anfu.ticketing.open(
            Kind.REPAIR, fields, key=str(uuid.uuid4()), conversation_id=self.conversation, emotion=1
        )

    def _file_and_notes(self) -> None:
        anfu, now = self.anfu, self.anfu.clock()
        with anfu.uow() as uow:
            customer = Customer("c-1", NAME, now, PHONE, preferences=f"打给{NAME}", note=f"家在{ADDRESS}")
            uow.customers.add(customer, LI.name, "建档", now)
            uow.desk.link_customer(self.conversation, "c-1", now)
            state = {"slots": {"phone": PHONE, "address": ADDRESS, "name": NAME}, "loop": None}
            uow.conversations.save_state(self.conversation, json.dumps(state, ensure_ascii=False).encode())
            uow.messages.add(
                self.conversation, Sender.AGENT, [Reply(f"{NAME}您好，{PHONE} 对吗", {})], now, note=True
            )  # fmt: skip
            uow.desk.keep_draft(self.conversation, LI.name, f"师傅会到{ADDRESS}")
            uow.consents.told(self.conversation, "1", "wechat", now)
            uow.commit()
        anfu.casework.note(self.ticket.number, {"contact_notes": f"打过{PHONE}，是{NAME}本人"}, LI)
        anfu.casework.reply(self.ticket.number, f"{NAME}您好，师傅明天到{ADDRESS}", LI)
        anfu.visits.book(self.ticket.number, anfu.visits.free(1)[0].starts_at, LI)

    def _post(self) -> None:
        anfu, now = self.anfu, self.anfu.clock()
        body = {"ticket": self.ticket.number, "what": f"到{ADDRESS}上门，{NAME} {PHONE}"}
        with anfu.uow() as uow:
            uow.notices.add(Notice("n-1", "n-1", Way.WEBHOOK, "repair", "上门", body, now, now))
            uow.trail.add(Change(now, LI.name, f"ticket:{self.ticket.number}", "told", f"{NAME}说住在{ADDRESS}"))
            uow.commit()
        QuestionRows(anfu.database.begin).add(self.conversation, f"{NAME}能不能送到{STREET}", "out_of_scope", [], now)
        place = anfu.settings.data_dir / "attachments" / "ab"
        place.mkdir(parents=True)
        (place / "f-1").write_bytes(PHONE.encode())
        with anfu.database.begin() as connection:
            connection.execute(
                metadata.tables["attachments"].insert().values(
                    id="f-1", ticket=self.ticket.number, conversation_id=self.conversation, name=f"{NAME}.jpg",
                    type="image/jpeg", size=11, digest="ab" + "0" * 62, added_by="customer", added_at=now, version=0,
                )
            )  # fmt: skip

    @property
    def trail_is_whole(self) -> bool:
        with self.anfu.uow() as uow:
            return first_broken(uow.trail.entries(), head=uow.trail.head()) is None


@pytest.fixture
def shop(anfu: Anfu) -> Shop:
    """Somebody of whom we know everything."""
    return Shop(anfu)


def on_disk(database: Engine) -> str:
    """Everything as it lies in the database, without any key; of SQLite its very bytes, the log beside it too."""
    if database.dialect.name == "sqlite":
        files = Path(str(database.url.database)).parent.glob("anfu.db*")
        return b"".join(path.read_bytes() for path in files).decode(errors="replace")
    with database.connect() as connection:
        raw = (connection.exec_driver_sql(f'SELECT t::text FROM "{name}" t').scalars() for name in metadata.tables)
        return "\n".join(row for rows in raw for row in rows)


def opened(database: Engine) -> str:
    """Everything in all tables with all that is sealed opened."""
    with database.connect() as connection:
        return "\n".join(
            str(dict(row)) for table in metadata.sorted_tables for row in connection.execute(select(table)).mappings()
        )


def test_nothing_that_names_a_person_lies_open_on_the_disk(shop: Shop, database: Engine) -> None:
    shop.anfu.person_exports.copy(PHONE, LI.name, "测试")
    lies, means = on_disk(database), opened(database)
    for needle in NEEDLES:
        assert needle in means
        assert needle not in lies


def test_what_is_sealed_is_found_by_phone_name_and_words(shop: Shop) -> None:
    anfu = shop.anfu
    supervisor = Person("王主管", Role.SUPERVISOR)
    with anfu.uow() as uow:
        assert [customer.id for customer in uow.customers.find(phone=PHONE)] == ["c-1"]
        assert [ticket.number for ticket in uow.tickets.search(None, None, 9, 0, PHONE)] == [shop.ticket.number]
        for words in (NAME, "明月", PHONE):
            assert [row.conversation.id for row in uow.desk.page(View.ALL, supervisor, words)] == [shop.conversation]
        assert not uow.desk.page(View.ALL, supervisor, "月明")
        for words in (STREET, "5678", PHONE, "1371234", "明月", "月", "漏水"):
            page = uow.ticket_lists.page(Filter(), Sort.OPENED, anfu.clock(), 9, None, words)
            assert [one.ticket.number for one in page.tickets] == [shop.ticket.number], words


def test_a_phone_belongs_to_one_file(shop: Shop) -> None:
    with shop.anfu.uow() as uow, pytest.raises(Conflict):
        uow.customers.add(Customer("c-2", "别人", shop.anfu.clock(), PHONE), LI.name, "建档", shop.anfu.clock())


def test_a_copy_holds_everything(shop: Shop) -> None:
    copy = shop.anfu.person_exports.copy(PHONE, LI.name, "客户要副本")
    tables = copy.data["tables"]
    assert {
        "customers", "conversations", "messages", "conversation_reads", "tickets", "ticket_history", "visits",
        "notices", "open_questions", "attachments", "consents", "audit",
    } <= set(tables)  # fmt: skip
    (conversation,) = tables["conversations"]
    assert conversation["state"]["slots"]["address"] == ADDRESS
    assert [name for name, _ in copy.files] == [f"files/f-1-{NAME}.jpg"]
    for form in (copy.as_json(), copy.as_text()):
        assert all(needle in form for needle in NEEDLES)


def test_who_made_a_copy_and_why_is_on_the_trail(shop: Shop) -> None:
    shop.anfu.person_exports.copy(shop.ticket.number, LI.name, "客户要副本")
    with shop.anfu.uow() as uow:
        told = [entry.change for entry in uow.trail.entries("person:c-1")]
    assert [(change.actor, change.action, change.reason) for change in told] == [(LI.name, "export", "客户要副本")]
    with pytest.raises(InvalidInput):
        shop.anfu.person_exports.copy(PHONE, LI.name, " ")


def test_who_is_forgotten_stands_nowhere_any_more(shop: Shop, database: Engine) -> None:
    other = shop.anfu.ticketing.open(Kind.CALLBACK, {"topic": "发票", "phone": OTHER_PHONE}, key="other")
    with pytest.raises(Conflict, match=shop.ticket.number):
        shop.anfu.erasing.erase(PHONE, LI.name, "本人要求")
    done = shop.anfu.erasing.erase(PHONE, LI.name, "本人要求", even_running=True)
    means = opened(database)
    assert not [needle for needle in (*NEEDLES, "oOpenIdOfSomebody") if needle in means]
    assert not [path for path in (shop.anfu.settings.data_dir / "attachments").rglob("*") if path.is_file()]
    assert done.files == 1 and done.entries > 0
    assert OTHER_PHONE in means
    with shop.anfu.uow() as uow:
        kept = uow.tickets.get(shop.ticket.number)
        assert kept is not None and kept.fields == {"product": "洗衣机"} and kept.phone is None
        assert uow.tickets.get(other.number) is not None
    with pytest.raises(NotFound):
        shop.anfu.erasing.scope_of(PHONE)


def test_the_trail_is_whole_after_forgetting_and_shows_who_empties_it_otherwise(
    shop: Shop, database: Engine
) -> None:  # fmt: skip
    assert shop.trail_is_whole
    shop.anfu.erasing.erase(PHONE, LI.name, "本人要求", even_running=True)
    assert shop.trail_is_whole
    other = shop.anfu.ticketing.open(Kind.CALLBACK, {"topic": "发票"}, key="other")
    audit = metadata.tables["audit"]
    with database.begin() as connection:
        own = audit.update().where(audit.c.subject == f"ticket:{other.number}")
        connection.execute(own.values(reason="", before={}, after={"erased": "nobody asked"}))
    assert not shop.trail_is_whole


def test_a_database_from_before_forgets_again(shop: Shop, database: Engine, tmp_path: Path) -> None:
    """As after `anfu restore`: what was deleted is there again, and the list beside the database is not older."""
    shop.anfu.erasing.erase(PHONE, LI.name, "本人要求", even_running=True)
    lines = (tmp_path / ERASURES).read_text()
    assert not [needle for needle in NEEDLES if needle in lines]
    with database.begin() as connection:
        connection.execute(metadata.tables["erasures"].delete())
        conversations = metadata.tables["conversations"]
        own = conversations.update().where(conversations.c.id == shop.conversation)
        connection.execute(own.values(summary=f"{NAME}要修洗衣机", external_id="oOpenIdOfSomebody"))
    assert shop.anfu.erasing.reapply() == 1
    means = opened(database)
    assert not [needle for needle in (*NEEDLES, "oOpenIdOfSomebody") if needle in means]
    assert shop.trail_is_whole
    assert shop.anfu.erasing.reapply() == 0


def test_a_new_key_seals_everything_and_nothing_is_lost(shop: Shop, database: Engine) -> None:
    address = database.url.render_as_string(hide_password=False)
    before = opened(database)
    both = open_database(address, Keyring([NEW_KEY, DATA_KEY]))
    assert opened(both) == before
    assert sum(tally.older for tally in tallies(both)) > 20
    assert reseal(both) > 10
    assert reseal(both) == 0  # may be run again, and goes on where it was
    assert {(tally.older, tally.plain) for tally in tallies(both)} == {(0, 0)}
    both.dispose()
    newest = open_database(address, Keyring([NEW_KEY]))
    with UnitsOfWork(newest)() as uow:
        assert [customer.name for customer in uow.customers.find(phone=PHONE)] == [NAME]
        page = uow.ticket_lists.page(Filter(), Sort.OPENED, shop.anfu.clock(), 9, None, STREET)
        assert [one.ticket.number for one in page.tickets] == [shop.ticket.number]
        assert first_broken(uow.trail.entries(), head=uow.trail.head()) is None
    newest.dispose()


def test_a_wrong_key_is_told_at_the_start(shop: Shop, database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANFU_DATA_KEYS", NEW_KEY)
    address = database.url.render_as_string(hide_password=False)
    with pytest.raises(NoKey, match="ANFU_DATA_KEYS"):
        build(Settings(data_dir=shop.anfu.settings.data_dir, database=address))


def test_old_databases_are_read_found_sealed_and_go_back(empty_address: str) -> None:
    engine = open_database(empty_address, KEYS)
    to(engine, "0012")
    now = "'2026-11-01 04:00:00.000000'"
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO customers (id, name, phone, tier, preferences, note, special_care, created_at, version) "
            f"VALUES ('c1', '{NAME}', '13800138000', 'normal', '', '{ADDRESS}', false, {now}, 0)",
            "INSERT INTO products (id, name, category, model, price_fen, aliases) "
            "VALUES ('p', '洗', '洗', '', 1, '[]')",
            "INSERT INTO orders (number, product_id, phone, quantity, price_fen, bought_on, channel, status, tracking) "
            "VALUES ('2026', 'p', '13800138000', 1, 1, '2026-11-01', 'web', 'done', '')",
        ):
            connection.execute(text(statement))
    migrate(engine)
    assert NAME not in on_rows(engine, "customers", "name")
    with UnitsOfWork(engine)() as uow:
        (customer,) = uow.customers.find(phone="13800138000")
        assert (customer.name, customer.note) == (NAME, ADDRESS)
        assert [order.number for order in uow.orders.by_phone("13800138000")] == ["2026"]
    reseal(engine)
    assert STREET not in on_rows(engine, "customers", "note")
    to(engine, "0012")
    with engine.begin() as connection:
        row = connection.execute(text("SELECT name, phone, note FROM customers")).one()
    assert tuple(row) == (NAME, "13800138000", ADDRESS)
    migrate(engine)
    engine.dispose()


def on_rows(engine: Engine, table: str, column: str) -> str:
    """A column as it lies on the disk."""
    with engine.connect() as connection:
        return "\n".join(connection.execute(text(f"SELECT {column} FROM {table}")).scalars())
