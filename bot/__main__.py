"""The command line: `anfu serve`, `anfu train`, `anfu chat` and the rest."""

import argparse
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

from bot import __version__
from bot.domain.errors import AnfuError
from bot.logs import FORMATS, formatter
from bot.settings import Settings, from_environment


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; expected errors become one line that says what to do."""
    from bot.commands import (
        approvals,
        audit,
        backup,
        channels,
        content,
        data,
        db,
        doctor,
        evaluate,
        importing,
        keys,
        learn,
        nlu,
        notices,
        person,
        report,
        retention,
        serve,
        tasks,
        tickets,
        users,
        warranty,
        wechat,
    )

    parser = argparse.ArgumentParser(prog="anfu", description="安服：中文客服机器人")
    parser.add_argument("--version", action="version", version=f"anfu {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="命令")
    common = _common_options()
    for module in (
        serve, nlu, evaluate, data, content, importing, learn, tickets, approvals, tasks, notices, warranty, report,
        audit, users, channels, wechat, doctor, backup, db, keys,
        person, retention,
    ):  # fmt: skip
        module.add_commands(commands, common)
    options = parser.parse_args(arguments)
    settings = _settings(options)
    _quiet_libraries(settings.log_level, settings.log_format)
    try:
        return int(options.run(options, settings) or 0)
    except AnfuError as error:
        print(f"anfu: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data-dir", type=Path, help="数据目录（SQLite、密钥、缓存），默认 var/")
    common.add_argument("--database", help="数据库地址，如 postgresql://…；默认 SQLite")
    common.add_argument("--redis", help="Redis 地址，多台机器时需要")
    common.add_argument("--public-url", help="客户打开链接用的网址，默认本机服务的地址")
    common.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), help="日志级别")
    common.add_argument("--log-format", choices=FORMATS, help="日志写给人看（text）还是给机器收集（json）")
    return common


def _settings(options: argparse.Namespace) -> Settings:
    given = {
        name: value
        for name in (
            "data_dir",
            "database",
            "redis",
            "log_level",
            "log_format",
            "host",
            "port",
            "public_url",
            "workers",
        )
        if (value := getattr(options, name, None)) is not None
    }
    return replace(from_environment(), **given)


def _quiet_libraries(level: str, log_format: str) -> None:
    """Rasa, TensorFlow and SQLAlchemy talk a lot by default; telemetry is off."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("LOG_LEVEL", "ERROR")  # Rasa draws progress bars otherwise
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=level, handlers=[handler])
    logging.captureWarnings(True)
    for name in (
        "py.warnings",
        "rasa",
        "rasa_sdk",
        "alembic",
        "jieba",
        "tensorflow",
        "matplotlib",
        "apscheduler",
        "aiohttp.access",
    ):
        logging.getLogger(name).setLevel("ERROR" if name != "aiohttp.access" else level)
    # A form that steps back for a digression is logged there as an error; real failures reach the turn itself.
    logging.getLogger("rasa.core.actions.action").setLevel("CRITICAL")
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


if __name__ == "__main__":
    sys.exit(main())
