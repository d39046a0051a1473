"""The truth table of the statute calculator: cases thought through from the law by hand (E1-E3, E6-E8, E11)."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.warranty_files import load_law
from bot.domain.warranty.case import Case
from bot.domain.warranty.decide import decide

TABLE = Path(__file__).parent.parent / "data" / "warranty_cases.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
LAW = load_law()


def test_the_table_is_large_and_no_case_stands_twice() -> None:
    assert len(ROWS) >= 200
    assert len({row["name"] for row in ROWS}) == len({json.dumps(row["input"]) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_answer_is_the_laws(row: dict[str, Any]) -> None:
    """E11: the decision, the clauses, the deadline, who pays, the refund; the reasons say how it was counted."""
    answer = decide(LAW.resolve(Case.from_json(row["input"])), LAW).as_json()
    expected = dict(row["expect"])
    clauses, reasons = expected.pop("clauses"), expected.pop("reasons", [])
    assert {key: answer[key] for key in expected} == expected
    assert {clause.split()[0] for clause in answer["clauses"]} == set(clauses)
    assert answer["reasons"]
    for words in reasons:
        assert words in "".join(answer["reasons"])
