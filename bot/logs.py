"""Logs without personal data (invariant 9, E10), for people to read or for machines to collect."""

import json
import logging
import os
import socket
import traceback
from datetime import UTC, datetime
from typing import Any

from bot.domain import concern
from bot.domain.errors import AnfuError
from bot.domain.text import mask, mask_addresses

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)

_MOST_CAUSES = 5
_CONCERNS = {"conversation": concern.conversation_id, "turn": concern.turn_id, "request": concern.request_id}


def formatter(kind: str) -> logging.Formatter:
    """How each line is written: `text` or `json`."""
    return JsonFormatter() if kind == JSON else MaskingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")


class MaskingFormatter(logging.Formatter):
    """Writes each record with phone, order and card numbers masked, tracebacks included; and what it is about.

    The ids are ours and stay whole, for who follows one request or one conversation through the log.
    """

    def formatException(self, info: Any) -> str:
        """See `what_failed`."""
        return what_failed(info[1])

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be kept."""
        record.exc_text = None  # another handler's formatter may have left its own there
        line, end, rest = mask(mask_addresses(super().format(record))).partition("\n")
        return line + "".join(f" {name}={value}" for name, value in _about().items()) + end + rest


class JsonFormatter(logging.Formatter):
    """One object a line: `time` in UTC, `level`, `logger`, `message`, `node`; what it is about, and `error`, if any.

    Message and error are masked.
    """

    def __init__(self) -> None:
        super().__init__()
        self._node = f"{socket.gethostname()}:{os.getpid()}"

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be kept."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {
            "time": at, "level": record.levelname, "logger": record.name,
            "message": mask(mask_addresses(record.getMessage())),
            **_about(), "node": self._node,
        }  # fmt: skip
        if record.exc_info:
            told["error"] = mask(what_failed(record.exc_info[1]))
        if record.stack_info:
            told["stack"] = mask(self.formatStack(record.stack_info))
        return json.dumps(told, ensure_ascii=False)


def what_failed(error: BaseException | None) -> str:
    """Types and places, the cause last; words only of the system and of our own errors: any others may be a customer's.

    `hide_parameters` keeps values out of a database error, not out of whatever is raised about them (E10).
    """
    told: list[str] = []
    while error is not None and len(told) < _MOST_CAUSES:
        words = f": {error}" if isinstance(error, OSError | AnfuError) else ""
        places = "".join(traceback.format_tb(error.__traceback__))
        told.append(f"{places}{type(error).__module__}.{type(error).__qualname__}{words}")
        error = error.__cause__ or error.__context__
    return "\n".join(told)


def _about() -> dict[str, str]:
    return {name: value for name, variable in _CONCERNS.items() if (value := variable.get())}
