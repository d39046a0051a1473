"""The state of the simulator, as the page shows it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.simulator.callbacks import Delivery
from bot.simulator.chat import Reply
from bot.simulator.grants import Grants
from bot.simulator.kf import State
from bot.simulator.platform import Call, Platform
from bot.simulator.refusals import in_words

if TYPE_CHECKING:
    from bot.simulator.server import Simulator

CALLS_SHOWN = 40
DELIVERIES_SHOWN = 30


def state_of(simulator: "Simulator") -> dict[str, Any]:
    """Everything that there is to see."""
    platform = simulator.platform
    return {
        "version": platform.version,
        "now": platform.now().isoformat(),
        "service": simulator.service_url,
        "aes": simulator.aes,
        "official": [_follower(platform, openid) for openid in platform.official.followers],
        "kf": [_session(platform, key) for key in platform.kf.sessions],
        "menu": [{"key": key, "title": title} for key, title in simulator.menu],
        "deliveries": [_delivery(one) for one in list(simulator.deliveries)[-DELIVERIES_SHOWN:]],
        "calls": [_call(one) for one in list(platform.calls)[-CALLS_SHOWN:]],
        "beyond_quota": platform.sent_beyond_quota,
        "tokens_issued": platform.tokens_issued,
        "faults": {**asdict(simulator.faults), "quota_gone": platform.daily_limit == 0},
    }


def line_of(reply: Reply) -> dict[str, Any]:
    """One line of a chat."""
    return {**asdict(reply), "at": reply.at.isoformat(), "speaker": reply.speaker.value}


def _follower(platform: Platform, openid: str) -> dict[str, Any]:
    customer = platform.official.followers[openid]
    is_typing = customer.typing_until is not None and platform.now() < customer.typing_until
    return {
        "id": openid, "follows": customer.follows, "is_typing": is_typing, **_grants(platform, customer.grants),
        "chat": [line_of(line) for line in customer.chat],
    }  # fmt: skip


def _session(platform: Platform, key: tuple[str, str]) -> dict[str, Any]:
    session = platform.kf.sessions[key]
    state = platform.kf.state_of(session)
    return {
        "id": session.external_userid, "account": session.open_kfid, "state": state.value,
        "servicer": session.servicer if state is State.PERSON else "", **_grants(platform, session.grants),
        "chat": [line_of(line) for line in session.chat],
    }  # fmt: skip


def _grants(platform: Platform, grants: Grants) -> dict[str, Any]:
    now = platform.now()
    in_force = [
        {"cause": grant.cause.value, "left": grant.left, "until": grant.until.isoformat()}
        for grant in grants.in_force(now)
    ]
    return {"grants": in_force, "left": grants.left(now)}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "number": delivery.number, "path": delivery.path, "about": delivery.about, "is_taken": delivery.is_taken,
        "is_done": delivery.is_done, "is_answered": delivery.reply is not None,
        "attempts": [{**asdict(one), "at": one.at.isoformat()} for one in delivery.attempts],
    }  # fmt: skip


def _call(call: Call) -> dict[str, Any]:
    is_good = call.code == 0 and not call.fault
    words = call.fault or in_words(call.code)
    return {**asdict(call), "at": call.at.isoformat(), "is_good": is_good, "words": words}
