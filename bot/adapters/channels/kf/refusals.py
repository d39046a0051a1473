"""What the codes of 微信客服 mean for a message, and what can be done (W3, W4).

The codes and their words are those of 企业微信's list of global codes (developer.work.weixin.qq.com, document 90313),
as published clients have copied it; what is from memory or has only been concluded is marked.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.adapters.channels.calls import Refusal
from bot.services.ports.channels import Outcome, Receipt

BAD_TOKEN = frozenset({40014, 42001})
NO_FILE = frozenset({40007, 41006})
TOO_BIG = 830002
"""A file that would have to be fetched in parts of 20 MB."""
BAD_PULL_TOKEN = 95007
"""The token of a callback holds for ten minutes."""
ENDED = 95013
BAD_TRANSITION = 95016
WRONG_STATE = 95018
"""Also after 48 hours, says the list."""


@dataclass(frozen=True)
class _Rule:
    """What a code means: what becomes of the message, words for people, and for whom it holds."""

    outcome: Outcome
    words: str
    after: timedelta | None = None
    everyone: bool = False


_MINUTE, _TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)
_SETTINGS = "请在企业微信管理后台的“微信客服”里核对"

_RULES: dict[int, _Rule] = {
    -1: _Rule(Outcome.LATER, "企业微信系统繁忙"),
    6000: _Rule(Outcome.LATER, "数据正被别处修改"),
    # The customer
    95001: _Rule(Outcome.CLOSED, "这次能发的 5 条已用完，等客户再来消息才能发"),
    95002: _Rule(Outcome.CLOSED, "客户超过 48 小时没有来消息，等客户再来消息才能发"),
    ENDED: _Rule(Outcome.CLOSED, "这次会话已经结束，等客户再来消息才能发"),
    WRONG_STATE: _Rule(Outcome.CLOSED, "这次会话不在智能助手手里，或已超过 48 小时，等客户再来消息才能发"),
    40096: _Rule(Outcome.GONE, "没有这个客户：可能已注销，或不属于这家企业"),
    # The message
    40007: _Rule(Outcome.REFUSED, "文件在企业微信那里已经失效"),
    40006: _Rule(Outcome.REFUSED, "文件太大或是空的"),
    40009: _Rule(Outcome.REFUSED, "图片太大"),
    40123: _Rule(Outcome.REFUSED, "图片打不开"),
    40201: _Rule(Outcome.REFUSED, "内容里有敏感信息，被平台拦下"),
    45002: _Rule(Outcome.REFUSED, "文字太长"),  # from memory
    # The account
    40001: _Rule(Outcome.LATER, "Secret 不对，请核对 ANFU_KF_SECRET", _TEN_MINUTES, True),
    40013: _Rule(Outcome.LATER, "CorpID 不对，请核对 ANFU_KF_CORP_ID", _TEN_MINUTES, True),
    40014: _Rule(Outcome.LATER, "access_token 不被接受", _MINUTE, True),
    42001: _Rule(Outcome.LATER, "access_token 已过期", _MINUTE, True),
    45009: _Rule(Outcome.LATER, "调用接口的次数超过限制", _MINUTE, True),
    45033: _Rule(Outcome.LATER, "同时调用接口太多", _MINUTE, True),
    48002: _Rule(Outcome.LATER, f"应用没有微信客服的权限，{_SETTINGS}“可调用接口的应用”", _TEN_MINUTES, True),
    60020: _Rule(Outcome.LATER, "本机的 IP 不在应用的“企业可信 IP”里，请在管理后台加上", _TEN_MINUTES, True),
    95000: _Rule(Outcome.REFUSED, "客服账号不对"),
    95003: _Rule(Outcome.REFUSED, "企业还没有认证，能接待的客户数已满"),
    95004: _Rule(Outcome.REFUSED, "客服账号已删除，或属于别的企业"),
    95011: _Rule(Outcome.LATER, f"企业微信接管了微信客服，请改用它那里的 Secret；{_SETTINGS}", _TEN_MINUTES, True),
    95012: _Rule(Outcome.LATER, f"企业微信没有接管微信客服；{_SETTINGS}", _TEN_MINUTES, True),
    95017: _Rule(Outcome.LATER, f"接口开关没有打开，{_SETTINGS}“API”", _TEN_MINUTES, True),
    95023: _Rule(Outcome.LATER, f"接口权限给了别的应用，{_SETTINGS}“API”", _TEN_MINUTES, True),
}  # fmt: skip


def words_of(refusal: Refusal) -> str:
    """What the platform has answered, and what it means."""
    rule = _RULES.get(refusal.number)
    return f"企业微信返回 {refusal.number}：{rule.words if rule else refusal.said}"


def receipt_of(refusal: Refusal) -> Receipt:
    """What becomes of a message that the platform has not taken; what nobody knows will never be taken."""
    rule = _RULES.get(refusal.number, _Rule(Outcome.REFUSED, refusal.said))
    return Receipt(rule.outcome, words_of(refusal), rule.after, rule.everyone)


def says_known(refusal: Refusal) -> bool:
    """Whether the platform already has a message with this `msgid`.

    The documentation says that such a one is refused, but not with which code. Ours are always well-formed, so words
    about the `msgid` can mean nothing else (concluded).
    """
    return "msgid" in refusal.said.lower()
