"""The monthly report: what the month's service was, counted from tickets and what hangs on them (D6, D8, G20, H6, S1).

Everything counts as it stood when the month ended, so that the report of a past month does not change with the days.
"""

from bot.domain.report.counting import OTHER_WISH, headline, report
from bot.domain.report.figures import Books, Broken, Failure, Headline, Report, Share, Spending
from bot.domain.report.matter import UNKNOWN, Matter, as_it_stood, decided_at
from bot.domain.report.month import Month

__all__ = [
    "OTHER_WISH", "UNKNOWN", "Books", "Broken", "Failure", "Headline", "Matter", "Month", "Report", "Share", "Spending",
    "as_it_stood", "decided_at", "headline", "report",
]  # fmt: skip
