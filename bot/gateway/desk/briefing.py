"""The summary for whoever takes a conversation over, as the API shows it (F6)."""

from typing import Any

from bot.domain.briefing import Briefing, Statement

_TITLES = {
    "identity": "客户", "problem": "问题", "asked": "问过什么", "facts": "已收集", "tickets": "工单",
    "entitlement": "权益", "mood": "情绪", "handover": "转人工原因", "promised": "答应过什么",
}  # fmt: skip


def briefing_json(briefing: Briefing) -> dict[str, Any]:
    """Sections in the order in which they are read; each line with where it stands."""
    sections = [
        {"id": name, "title": title, "lines": [_line(statement) for statement in getattr(briefing, name)]}
        for name, title in _TITLES.items()
    ]
    return {"sections": [section for section in sections if section["lines"]], "summary": briefing.summary}


def _line(statement: Statement) -> dict[str, Any]:
    source = {"kind": statement.source.kind, "ref": statement.source.ref}
    return {"name": statement.name, "text": statement.text, "source": source}
