"""What the use cases need from the outside, as protocols that adapters fulfil; one module a subject."""

from bot.services.ports.clock import Clock
from bot.services.ports.content import (
    Articles,
    Edition,
    KnowledgeIndex,
    Likeness,
    OrderDirectory,
    Orders,
    Questions,
    ScriptConverter,
)
from bot.services.ports.conversations import (
    CannedUses,
    Conversations,
    DeskLists,
    Messages,
    News,
    Outbox,
    Routing,
    WallCounts,
)
from bot.services.ports.files import AttachmentMarks, FileStore, Upload
from bot.services.ports.notices import Courier, Notices, WebhookPosts
from bot.services.ports.people import Invitation, PasswordHasher, SecondFactor, Sessions, Users
from bot.services.ports.privacy import Consents, ErasureLog, Expired, Personal
from bot.services.ports.records import Records, Reviews, Trail
from bot.services.ports.tickets import Budgets, ListedTicket, TicketLists, TicketPage, Tickets
from bot.services.ports.turns import LEASE, Answer, BotEngine, Turn, TurnStarter
from bot.services.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from bot.services.ports.wakeups import Change, Committed, Wakeups, WakeupSignal, WideEar

__all__ = [
    "LEASE",
    "Answer",
    "Articles",
    "AttachmentMarks",
    "BotEngine",
    "Budgets",
    "CannedUses",
    "Change",
    "Clock",
    "Committed",
    "Consents",
    "Conversations",
    "Courier",
    "DeskLists",
    "Edition",
    "ErasureLog",
    "Expired",
    "FileStore",
    "Invitation",
    "KnowledgeIndex",
    "Likeness",
    "ListedTicket",
    "Messages",
    "News",
    "Notices",
    "OrderDirectory",
    "Orders",
    "Outbox",
    "PasswordHasher",
    "Personal",
    "Questions",
    "Records",
    "Reviews",
    "Routing",
    "ScriptConverter",
    "SecondFactor",
    "Sessions",
    "TicketLists",
    "TicketPage",
    "Tickets",
    "Trail",
    "Turn",
    "TurnStarter",
    "UnitOfWork",
    "UnitOfWorkFactory",
    "Upload",
    "Users",
    "WakeupSignal",
    "Wakeups",
    "WallCounts",
    "WebhookPosts",
    "WideEar",
]
