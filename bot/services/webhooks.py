"""Who else is told what happens here: subscriptions of other systems, and what became of their notices."""

import uuid
from collections.abc import Callable, Collection, Sequence

from bot.domain.actor import Actor, Role
from bot.domain.errors import InvalidInput, NotAllowed, NotFound
from bot.domain.notice import Notice
from bot.domain.webhook import Event, Standing, Topic, Webhook, checked_address
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

MOST = 50
"""Subscriptions at once."""
SHOWN = 50
"""Notices of a subscription that are listed."""
CHOICES = tuple(topic for topic in Topic if topic is not Topic.TEST)
"""What can be subscribed to."""


class Webhooks:
    """Subscriptions; what happens is posted to them by the unit of work in which it happens."""

    def __init__(
        self, uow: UnitOfWorkFactory, key_of: Callable[[str], str], trusted: Collection[str], clock: Clock
    ) -> None:
        """Take what makes a subscription's signing key, and the hosts of our own network that may be told."""
        self._uow = uow
        self._key_of = key_of
        self._trusted = trusted
        self._clock = clock

    def all(self) -> list[Webhook]:
        """Those that are served or paused, in the order in which they were made."""
        with self._uow() as uow:
            return uow.webhooks.find(state=[Standing.ACTIVE.value, Standing.PAUSED.value])

    def subscribe(self, url: str, events: Sequence[str], by: Actor) -> tuple[Webhook, str]:
        """A new subscription, with the key that its receiver checks signatures with; the key is not shown again.

        Raises:
            NotAllowed: below a manager. InvalidInput: the address or an event cannot be used, or there are too many.
        """
        _require_manager(by)
        if unknown := set(events) - set(CHOICES):
            raise InvalidInput(f"没有 {'、'.join(sorted(unknown))} 这样的事件；可以订阅：{'、'.join(CHOICES)}")
        if not events:
            raise InvalidInput("请至少选一种事件")
        now = self._clock()
        webhook = Webhook(
            str(uuid.uuid4()), checked_address(url, self._trusted), tuple(dict.fromkeys(events)), by.name, now
        )
        with self._uow() as uow:
            if len(uow.webhooks.find(state=[Standing.ACTIVE.value, Standing.PAUSED.value])) >= MOST:
                raise InvalidInput(f"最多 {MOST} 个订阅，请先删除不用的")
            uow.webhooks.add(webhook, by.name, f"订阅 {'、'.join(webhook.events)}", now)
            uow.commit()
        return webhook, self._key_of(webhook.id)

    def stand(self, webhook_id: str, state: Standing, by: Actor) -> Webhook:
        """Pause a subscription, serve it again, or remove it.

        Raises:
            NotAllowed: below a manager. NotFound: there is none. Conflict: it is removed.
        """
        _require_manager(by)
        with self._uow() as uow:
            webhook = uow.webhooks.save(
                _found(uow, webhook_id).stand(state), by.name, f"改为 {state.value}", self._clock()
            )
            uow.commit()
        return webhook

    def test(self, webhook_id: str, by: Actor) -> str:
        """Send a trial event, even while the subscription is paused; gives the notice's id.

        Raises:
            NotAllowed: below a manager. NotFound: there is none.
        """
        _require_manager(by)
        with self._uow() as uow:
            webhook = _found(uow, webhook_id)
            event = Event(Topic.TEST, self._clock(), {"message": "这是一次测试", "by": by.name})
            notice_id = uow.webhook_posts.post(webhook.id, event)
            uow.commit()
        return notice_id

    def deliveries(self, webhook_id: str) -> list[Notice]:
        """What was posted to a subscription lately, the newest first.

        Raises:
            NotFound: there is none.
        """
        with self._uow() as uow:
            return uow.notices.to(_found(uow, webhook_id).id, SHOWN)

    def address_of(self, webhook_id: str) -> str | None:
        """Where notices to a subscription go now; None where they go nowhere.

        Raises:
            InvalidInput: the operator trusts the address no longer.
        """
        with self._uow() as uow:
            webhook = uow.webhooks.get(webhook_id)
        served = webhook is not None and webhook.state is not Standing.REMOVED
        return checked_address(webhook.url, self._trusted) if webhook and served else None


def _found(uow: UnitOfWork, webhook_id: str) -> Webhook:
    webhook = uow.webhooks.get(webhook_id)
    if webhook is None or webhook.state is Standing.REMOVED:
        raise NotFound("没有这个订阅，也许已经删除，请刷新")
    return webhook


def _require_manager(by: Actor) -> None:
    if not (by.reaches(Role.MANAGER) or by.role is Role.ADMIN):
        raise NotAllowed("订阅由经理或管理员设置，请找他们")
