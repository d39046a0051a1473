"""Reading the company's own fields of tickets, which service staff edit."""

from collections.abc import Mapping
from pathlib import Path

from bot.adapters.content_files import CONTENT, read_yaml
from bot.domain.custom_field import CustomField, read_custom_fields
from bot.domain.flow import Flow
from bot.domain.ticket import Kind


def load_custom_fields(flows: Mapping[Kind, Flow], folder: Path = CONTENT) -> tuple[CustomField, ...]:
    """The company's own fields.

    Raises:
        ContentError: a field is incomplete, or names what there is not.
    """
    raw = read_yaml(folder / "custom_fields.yml")
    return read_custom_fields(raw.get("fields"), {kind: tuple(flow.steps) for kind, flow in flows.items()})
