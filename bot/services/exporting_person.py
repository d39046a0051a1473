"""A person asks for a copy of what we hold of them: everything, for machines and for reading (E10)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.domain.audit import Change
from bot.domain.dates import SHANGHAI
from bot.domain.errors import InvalidInput, NotFound
from bot.services.ports import Clock, FileStore, UnitOfWorkFactory

_TABLES = {
    "customers": "客户档案", "conversations": "会话", "messages": "消息", "tickets": "工单",
    "ticket_history": "工单经过", "orders": "订单", "attachments": "附件", "ratings": "评价", "agreements": "处理协议",
    "tasks": "交给部门的任务", "visits": "上门", "followups": "回访", "approvals": "补偿审批", "notices": "通知",
    "consents": "隐私告知与同意", "bindings": "绑定", "open_questions": "没答上来的问题",
    "conversation_reads": "员工草稿", "audit": "改动记录", "reviews": "质检", "review_findings": "质检明细",
}  # fmt: skip


@dataclass(frozen=True)
class Copy:
    """A person's copy.

    Attributes:
        data: everything, by table.
        files: name in the copy and path of each file.
    """

    data: Mapping[str, Any]
    files: Sequence[tuple[str, str]]

    def as_json(self) -> str:
        """For machines."""
        return json.dumps(self.data, ensure_ascii=False, indent=2)

    def as_text(self) -> str:
        """For reading."""
        lines = ["个人信息副本", f"导出时间：{self.data['exported_at']}"]
        for table, rows in self.data["tables"].items():
            lines += ["", f"【{_TABLES.get(table, table)}】{len(rows)} 条"]
            for row in rows:
                lines += [f"  {name}：{value}" for name, value in row.items() if value not in (None, "", [], {})]
                lines.append("")
        return "\n".join(lines)


class PersonExports:
    """Makes copies, and notes on the audit trail who made them and why."""

    def __init__(self, uow: UnitOfWorkFactory, store: FileStore, clock: Clock) -> None:
        self._uow = uow
        self._store = store
        self._clock = clock

    def copy(self, who: str, actor: str, reason: str) -> Copy:
        """Everything of a person.

        Args:
            who: a phone, or the id of a customer, a conversation or a ticket.

        Raises:
            InvalidInput: no reason. NotFound: there is nothing.
        """
        if not reason.strip():
            raise InvalidInput("请写明为什么导出，它会留在改动记录里")
        now = self._clock()
        with self._uow() as uow:
            scope = uow.personal.scope_of(who.strip())
            if not scope:
                raise NotFound("没有找到任何资料：请用电话、客户编号、会话编号或工单号")
            tables = {name: [_told(row) for row in rows] for name, rows in uow.personal.rows(scope).items()}
            files = [
                (f"files/{file_id}-{name}", path)
                for file_id, digest, name in uow.personal.files(scope)
                if (path := self._store.path(file_id, digest))
            ]
            uow.trail.add(Change(now, actor, f"person:{scope.key}", "export", reason))
            uow.commit()
        exported_at = now.astimezone(SHANGHAI).isoformat(timespec="seconds")
        return Copy({"exported_at": exported_at, "ids": scope.as_json(), "tables": tables}, files)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return json.loads(value)  # what the dialogue remembers
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value
