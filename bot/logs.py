"""Logs without personal data (invariant 9, E10)."""

import logging

from bot.domain.text import mask


class MaskingFormatter(logging.Formatter):
    """Writes each record with phone, order and card numbers masked, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be kept."""
        return mask(super().format(record))
