"""Who works at the command line."""

import argparse
import os
from typing import TYPE_CHECKING

from bot.domain.actor import Actor, Role
from bot.domain.errors import NotAllowed

if TYPE_CHECKING:
    from bot.bootstrap import Anfu


def add_actor(parser: argparse.ArgumentParser) -> None:
    """Give a subcommand its `--as NAME`."""
    parser.add_argument(
        "--as", dest="actor", metavar="员工", default=os.environ.get("ANFU_USER"),
        help="以哪位员工的身份（anfu users add 添加过的），默认取环境变量 ANFU_USER",
    )  # fmt: skip


def actor_of(options: argparse.Namespace, anfu: "Anfu") -> Actor:
    """The person who works.

    Raises:
        NotAllowed: nobody is named, or nobody of that name is known.
    """
    name = options.actor
    with anfu.uow() as uow:
        role = uow.users.role_of(name) if name else None
    if role is None:
        raise NotAllowed("请用 --as 写明是哪位员工（先用 anfu users add 添加），好记录是谁办的")
    return Actor(name, Role(role))
