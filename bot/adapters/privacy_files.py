"""Reads `content/privacy.yml` and `content/retention.yml` (E10)."""

from collections.abc import Sequence
from pathlib import Path

from bot.adapters.content_files import CONTENT, read_yaml
from bot.domain.consent import PrivacyNotice, read_notice
from bot.domain.retention import Period, read_periods


def load_privacy_notice(scripts: Sequence[str], folder: Path = CONTENT) -> PrivacyNotice:
    """What customers are told; `scripts` are the ids that there are.

    Raises:
        ContentError: something is missing or wrong.
    """
    return read_notice(read_yaml(folder / "privacy.yml"), scripts)


def load_retention(folder: Path = CONTENT) -> Sequence[Period]:
    """How long everything is kept.

    Raises:
        ContentError: a period is missing, wrong or too short.
    """
    return read_periods(read_yaml(folder / "retention.yml").get("periods"))
