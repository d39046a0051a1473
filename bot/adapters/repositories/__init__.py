"""Domain objects to rows and back; one module an aggregate."""

from bot.adapters.repositories.conversations import ConversationRows
from bot.adapters.repositories.messages import MessageRows
from bot.adapters.repositories.orders import OrderRows
from bot.adapters.repositories.outbox import OutboxRows
from bot.adapters.repositories.questions import QuestionRows
from bot.adapters.repositories.tickets import TicketRows
from bot.adapters.repositories.users import UserRows

__all__ = ["ConversationRows", "MessageRows", "OrderRows", "OutboxRows", "QuestionRows", "TicketRows", "UserRows"]
