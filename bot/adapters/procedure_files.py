"""Reading the procedures, the plan of follow-ups and the technicians' timetable that service staff edit."""

from pathlib import Path

from bot.adapters.content_files import CONTENT, read_yaml
from bot.domain.errors import ContentError
from bot.domain.flow import Fact, Flow, read_facts, read_flow
from bot.domain.followup import Planned, read_plan
from bot.domain.ticket import Kind
from bot.domain.visit import Timetable, read_timetable

EFFECTS = frozenset(
    {
        "offer_agreement", "open_tasks", "plan_followups", "report_misconduct", "note_visit", "begin_repair",
        "await_parts", "end_repair", "offer_by_statute",
    }
)  # fmt: skip
"""What may happen when a ticket comes to a step; `bot.services` does them."""


def load_facts(folder: Path = CONTENT) -> dict[str, Fact]:
    """What may be noted on the way.

    Raises:
        ContentError: a fact is incomplete.
    """
    return read_facts(read_yaml(folder / "procedures" / "facts.yml")["facts"], "facts.yml")


def load_flows(folder: Path = CONTENT) -> dict[Kind, Flow]:
    """The procedure of each kind of ticket.

    Raises:
        ContentError: a procedure is unsound, or a kind has none.
    """
    facts = load_facts(folder)
    flows: dict[Kind, Flow] = {}
    for path in sorted((folder / "procedures").glob("*.yml")):
        if path.name != "facts.yml":
            flow = read_flow(read_yaml(path), facts, EFFECTS, path.name)
            flows[flow.kind] = flow
    if missing := set(Kind) - set(flows):
        raise ContentError(f"content/procedures 缺少 {'、'.join(sorted(missing))} 的办理步骤，请补一个文件")
    return flows


def load_plan(folder: Path = CONTENT) -> tuple[Planned, ...]:
    """What is done unasked after which step."""
    return read_plan(read_yaml(folder / "followups.yml")["followups"])


def load_timetable(folder: Path = CONTENT) -> Timetable:
    """When technicians come."""
    return read_timetable(read_yaml(folder / "visits.yml"))
