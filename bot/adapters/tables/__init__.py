"""The tables; times are aware UTC."""

from bot.adapters.tables.assistance import canned_replies, canned_uses
from bot.adapters.tables.base import metadata
from bot.adapters.tables.channels import (
    binding_offers,
    binding_tries,
    bindings,
    fetches,
    platform_tokens,
    pulls,
    reaches,
    seen_events,
)
from bot.adapters.tables.content import content_version, revisions
from bot.adapters.tables.conversations import (
    conversation_history,
    conversation_reads,
    conversations,
    customers,
    messages,
    outbox,
    ratings,
)
from bot.adapters.tables.people import presence, sessions, sign_in_failures, users
from bot.adapters.tables.personal import consents, erasures, seals
from bot.adapters.tables.quality import review_findings, reviews
from bot.adapters.tables.records import (
    agreements,
    approvals,
    audit,
    audit_head,
    budgets,
    followups,
    misconduct,
    notices,
    open_questions,
    orders,
    products,
    tasks,
    ticket_counters,
    ticket_history,
    tickets,
    visits,
)
from bot.adapters.tables.routing import queue_tellings, trigger_firings
from bot.adapters.tables.ticket_desk import attachments, ticket_terms, ticket_views
from bot.adapters.tables.webhooks import webhooks

__all__ = [
    "agreements",
    "approvals",
    "attachments",
    "audit",
    "audit_head",
    "binding_offers",
    "binding_tries",
    "bindings",
    "budgets",
    "canned_replies",
    "canned_uses",
    "consents",
    "content_version",
    "conversation_history",
    "conversation_reads",
    "conversations",
    "customers",
    "erasures",
    "fetches",
    "followups",
    "messages",
    "metadata",
    "misconduct",
    "notices",
    "open_questions",
    "orders",
    "outbox",
    "platform_tokens",
    "presence",
    "products",
    "pulls",
    "queue_tellings",
    "ratings",
    "reaches",
    "review_findings",
    "reviews",
    "revisions",
    "seals",
    "seen_events",
    "sessions",
    "sign_in_failures",
    "tasks",
    "ticket_counters",
    "ticket_history",
    "ticket_terms",
    "ticket_views",
    "tickets",
    "trigger_firings",
    "users",
    "visits",
    "webhooks",
]
