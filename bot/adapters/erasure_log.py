"""Whom we have forgotten, beside the database: a line of JSON each, which `anfu restore` leaves where it is (E10)."""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bot.domain.privacy import Erasure, read_scope

ERASURES = "erasures.jsonl"
"""In the data directory; ids only."""


class ErasureFile:
    """Implements `ports.ErasureLog`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, erasure: Erasure) -> None:
        """Add a line; it is on the disk when this returns."""
        line = {
            "id": erasure.id, "at": erasure.at.isoformat(), "actor": erasure.actor, "scope": erasure.scope.as_json(),
        }  # fmt: skip
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> Sequence[Erasure]:
        """All lines."""
        if not self._path.exists():
            return []
        lines = [json.loads(line) for line in self._path.read_text().splitlines() if line.strip()]
        return [
            Erasure(one["id"], datetime.fromisoformat(one["at"]), one["actor"], read_scope(one["scope"]))
            for one in lines
        ]
