"""Dealing with what is due, one by one: what fails is logged and tried again, and does not hold up the rest."""

import logging
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)


def each(ids: Iterable[str], deal_with: Callable[[str], None]) -> int:
    """Deal with each in a commit of its own.

    Returns:
        How many were dealt with; those that failed are still due.
    """
    done = 0
    for one in ids:
        try:
            deal_with(one)
            done += 1
        except Exception:
            log.exception("%s could not be dealt with; it is tried again", one)
    return done
