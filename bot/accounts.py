"""Our accounts on other people's platforms, out of the settings and what service staff say of channels."""

from collections.abc import Mapping

from bot.adapters.channels.kf.account import KfAccount
from bot.adapters.channels.wechat.account import WeChatAccount
from bot.domain.channel import ChannelContent
from bot.domain.reach import Limits
from bot.settings import Settings


def wechat_account(settings: Settings, content: ChannelContent) -> WeChatAccount | None:
    """The 公众号; None where none is set up."""
    if not settings.wechat_app_id:
        return None
    return WeChatAccount(
        settings.wechat_app_id, settings.wechat_secret, settings.wechat_token, settings.wechat_aes_key,
        settings.wechat_mode, settings.wechat_api.rstrip("/"), content.menu, content.quiet_seconds.get("wechat"),
    )  # fmt: skip


def kf_account(settings: Settings, content: ChannelContent) -> KfAccount | None:
    """微信客服; None where it is not set up."""
    if not settings.kf_corp_id:
        return None
    return KfAccount(
        settings.kf_corp_id, settings.kf_secret, settings.kf_token, settings.kf_aes_key,
        settings.kf_api.rstrip("/"), content.quiet_seconds.get("kf"),
    )  # fmt: skip


def limits_of(settings: Settings, content: ChannelContent) -> Mapping[str, Limits]:
    """What may be sent on each platform that is set up, by the channel's name."""
    wechat, kf = wechat_account(settings, content), kf_account(settings, content)
    return ({"wechat": wechat.limits} if wechat else {}) | ({"kf": kf.limits} if kf else {})
