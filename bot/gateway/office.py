"""The use cases that people of the company work with, and their customers' pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.custom_field import CustomField
from bot.services.accounts import Accounts
from bot.services.assistance import Assistance
from bot.services.attachments import Attachments
from bot.services.beside import TicketsBeside
from bot.services.bindings import Bindings
from bot.services.briefings import Briefings
from bot.services.canned import CannedReplies
from bot.services.casework import Casework
from bot.services.conduct import Conduct
from bot.services.consent import Consent
from bot.services.customers import Customers
from bot.services.desk import Desk
from bot.services.farewells import Farewells
from bot.services.followups import FollowUps
from bot.services.links import Links
from bot.services.notices import Dispatch
from bot.services.people import People
from bot.services.presence import Attendance
from bot.services.promises import Promises
from bot.services.quality import Quality
from bot.services.resolutions import Resolutions
from bot.services.retention import Retention
from bot.services.revising import Revising
from bot.services.sign_in import SignIn
from bot.services.standing import Standing
from bot.services.tasks import Tasks
from bot.services.ticket_changes import TicketChanges
from bot.services.ticket_desk import TicketDesk
from bot.services.ticket_merging import TicketMerging
from bot.services.ticket_timeline import Timelines
from bot.services.ticket_views import TicketViews
from bot.services.triggers import Triggers
from bot.services.visits import Visits
from bot.services.wall import WallView
from bot.services.webhooks import Webhooks


@dataclass(frozen=True)
class Office:
    """Everything beyond the conversation.

    Attributes:
        labels: Chinese names of kinds and states, as `content/labels.yml` has them.
        address: where browsers reach the gateway.
        site_url: the shop's page with the chat in it; empty where that is our own.
    """

    casework: Casework
    resolutions: Resolutions
    tasks: Tasks
    followups: FollowUps
    visits: Visits
    conduct: Conduct
    promises: Promises
    links: Links
    dispatch: Dispatch
    labels: Mapping[str, Any]
    ticket_desk: TicketDesk
    ticket_changes: TicketChanges
    ticket_merging: TicketMerging
    ticket_views: TicketViews
    timelines: Timelines
    attachments: Attachments
    custom_fields: Sequence[CustomField]
    desk: Desk
    farewells: Farewells
    customers: Customers
    briefings: Briefings
    people: People
    sign_in: SignIn
    accounts: Accounts
    presence: Attendance
    address: str
    assistance: Assistance
    canned: CannedReplies
    beside: TicketsBeside
    revising: Revising
    webhooks: Webhooks
    quality: Quality
    wall: WallView
    triggers: Triggers
    consent: Consent
    retention: Retention
    standing: Standing
    bindings: Bindings
    site_url: str
