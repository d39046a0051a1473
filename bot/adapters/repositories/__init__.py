"""Domain objects to rows and back; one module an aggregate."""

from bot.adapters.repositories.bindings import BindingRows
from bot.adapters.repositories.budgets import BudgetRows
from bot.adapters.repositories.canned_uses import CannedUseRows
from bot.adapters.repositories.channels import (
    FetchRows,
    PlatformTokenRows,
    PullRows,
    ReachRows,
    SeenEventRows,
)
from bot.adapters.repositories.content import EditionRow
from bot.adapters.repositories.conversations import ConversationRows
from bot.adapters.repositories.desk import DeskRows
from bot.adapters.repositories.expired import ExpiredRows
from bot.adapters.repositories.messages import MessageRows
from bot.adapters.repositories.moments import MomentRows
from bot.adapters.repositories.notices import NoticeRows
from bot.adapters.repositories.orders import OrderRows
from bot.adapters.repositories.outbox import OutboxRows
from bot.adapters.repositories.people import PersonRows
from bot.adapters.repositories.personal import ConsentRows, PersonalRows
from bot.adapters.repositories.pulse import PulseRow
from bot.adapters.repositories.quality import ReviewRows
from bot.adapters.repositories.questions import QuestionRows
from bot.adapters.repositories.records import RecordRows
from bot.adapters.repositories.routing import RoutingRows
from bot.adapters.repositories.sessions import SessionRows
from bot.adapters.repositories.ticket_desk import AttachmentMarks
from bot.adapters.repositories.ticket_lists import TicketListRows
from bot.adapters.repositories.tickets import TicketRows
from bot.adapters.repositories.trail import TrailRows
from bot.adapters.repositories.wall import WallRows
from bot.adapters.repositories.webhooks import WebhookPosts

__all__ = [
    "AttachmentMarks",
    "BindingRows",
    "BudgetRows",
    "CannedUseRows",
    "ConsentRows",
    "ConversationRows",
    "DeskRows",
    "EditionRow",
    "ExpiredRows",
    "FetchRows",
    "MessageRows",
    "MomentRows",
    "NoticeRows",
    "OrderRows",
    "OutboxRows",
    "PersonRows",
    "PersonalRows",
    "PlatformTokenRows",
    "PullRows",
    "PulseRow",
    "QuestionRows",
    "ReachRows",
    "RecordRows",
    "ReviewRows",
    "RoutingRows",
    "SeenEventRows",
    "SessionRows",
    "TicketListRows",
    "TicketRows",
    "TrailRows",
    "WallRows",
    "WebhookPosts",
]
