"""`anfu channels …`: whether the channels are connected, and what to do where they are not (W5)."""

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from bot.settings import Settings

if TYPE_CHECKING:
    from bot.services.ports.channels import Channel, Check


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    channels = commands.add_parser("channels", help="渠道：微信公众号、微信客服").add_subparsers(
        required=True, metavar="动作"
    )
    check = channels.add_parser("check", parents=[common], help="逐项检查渠道接通没有：密钥、回调地址、加密、时钟")
    check.set_defaults(run=run_check)


def run_check(options: argparse.Namespace, settings: Settings) -> int:
    """Look at every channel that is set up; 0 where all is well."""
    from bot.bootstrap import build
    from bot.commands.platforms import platforms_of

    anfu = build(settings)
    found = [platform.channel for platform in platforms_of(anfu)]
    if not found:
        print(
            "还没有设置渠道。公众号写 ANFU_WECHAT_APP_ID 等几项，微信客服写 ANFU_KF_CORP_ID 等几项，见 docs/wechat.md"
        )
        return 1
    results = asyncio.run(checked(found))
    names = anfu.content.channels
    for channel, checks in results:
        print(names.name_of(channel.name))
        for one in checks:
            print(f"  {'✓' if one.is_good else '✗'} {one.what}{'：' if one.detail else ''}{one.detail}")
    return 0 if all(one.is_good for _, checks in results for one in checks) else 1


async def checked(channels: "list[Channel]") -> "list[tuple[Channel, list[Check]]]":
    """What each channel finds when it looks at its account; asks the platforms."""
    results = []
    for channel in channels:
        async with channel:
            results.append((channel, await channel.check()))
    return results
