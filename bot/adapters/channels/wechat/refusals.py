"""What WeChat's error codes mean for a message, and what can be done (W4)."""

from dataclasses import dataclass
from datetime import timedelta

from bot.adapters.channels.calls import Refusal
from bot.services.ports.channels import Outcome, Receipt

BAD_TOKEN = frozenset({40001, 40014, 42001})
NO_FILE = frozenset({40007, 41006, 43006, 45001, 48001})


@dataclass(frozen=True)
class _Rule:
    """What a code means: what becomes of the message, words for people, and for whom it holds."""

    outcome: Outcome
    words: str
    after: timedelta | None = None
    everyone: bool = False


_MINUTE, _TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)

_RULES: dict[int, _Rule] = {
    -1: _Rule(Outcome.LATER, "微信系统繁忙"),
    # The customer
    45015: _Rule(Outcome.CLOSED, "客户超过 48 小时没有来消息，或已取消关注，等客户再来消息才能发"),
    45047: _Rule(Outcome.CLOSED, "这次能发的条数已用完，等客户再来消息才能发"),
    40003: _Rule(Outcome.REFUSED, "这个客户不属于这个公众号"),
    43004: _Rule(Outcome.GONE, "客户已取消关注"),
    43019: _Rule(Outcome.GONE, "客户在公众号的黑名单里"),
    48002: _Rule(Outcome.GONE, "客户关闭了接收消息"),
    # The message
    40007: _Rule(Outcome.REFUSED, "文件在微信那里已经失效"),
    45001: _Rule(Outcome.REFUSED, "文件太大"),
    45002: _Rule(Outcome.REFUSED, "文字太长"),
    # The account
    40001: _Rule(Outcome.LATER, "凭证不对，请核对 AppSecret（ANFU_WECHAT_SECRET）", _MINUTE, True),
    40014: _Rule(Outcome.LATER, "access_token 不被接受", _MINUTE, True),
    42001: _Rule(Outcome.LATER, "access_token 已过期", _MINUTE, True),
    40013: _Rule(Outcome.LATER, "AppID 不对，请核对 ANFU_WECHAT_APP_ID", _TEN_MINUTES, True),
    40125: _Rule(Outcome.LATER, "AppSecret 不对，请核对 ANFU_WECHAT_SECRET", _TEN_MINUTES, True),
    40164: _Rule(Outcome.LATER, "本机的 IP 不在白名单里，请在公众平台的“基本配置”里加上", _TEN_MINUTES, True),
    45009: _Rule(Outcome.LATER, "今天调用接口的次数已用完，请在公众平台清零或等到明天", _TEN_MINUTES, True),
    45011: _Rule(Outcome.LATER, "调用接口太频繁", _MINUTE, True),
    48001: _Rule(Outcome.REFUSED, "没有这个权限，请先认证，或改用被动回复（ANFU_WECHAT_MODE=passive）", None, True),
    48004: _Rule(Outcome.REFUSED, "接口被封禁，请登录公众平台查看原因", None, True),
}  # fmt: skip


def words_of(refusal: Refusal) -> str:
    """What the platform has answered, and what it means."""
    rule = _RULES.get(refusal.number)
    return f"微信返回 {refusal.number}：{rule.words if rule else refusal.said}"


def receipt_of(refusal: Refusal) -> Receipt:
    """What becomes of a message that the platform has not taken; what nobody knows will never be taken."""
    rule = _RULES.get(refusal.number, _Rule(Outcome.REFUSED, refusal.said))
    return Receipt(rule.outcome, words_of(refusal), rule.after, rule.everyone)
