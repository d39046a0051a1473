"""`anfu parse`: what integrators read, and how well it understands real customers (B1-B7)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "eval" / "dev.jsonl"
FLOOR = 0.90
"""Share of real messages whose main intent must be right; falls below only where understanding got worse."""


def parse(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "parse"], input=given, capture_output=True, text=True, cwd=ROOT, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_parse_tells_intents_facts_and_emotion() -> None:
    fridge, angry, nothing = parse(
        [
            {"text": "冰箱不制冷了，電話13800138000，上门地址深圳市南山区科技路12号"},
            {"text": "等了三天没人理，你们什么态度，我要投诉！"},
            {"text": "/restart"},
        ]
    )
    assert fridge["main_intent"] == "repair"
    facts = {entity["entity"]: entity["value"] for entity in fridge["entities"]}
    assert facts["phone"] == "13800138000"
    assert facts["address"].endswith("科技路12号")
    assert "冰箱" in facts["product"]
    assert angry["main_intent"] == "complaint"
    assert angry["emotion"]["level"] >= 2
    assert nothing["intent"] != "restart"
    for row in (fridge, angry, nothing):
        assert set(row) == {"text", "intent", "main_intent", "confidence", "intents", "entities", "emotion"}
        assert 0 <= row["confidence"] <= 1


def test_facts_tell_where_they_stand_in_the_text_as_it_was_given() -> None:
    """B7: whatever the normal form does to the characters."""
    text = "  我買咗個雪櫃，電話１３８ ００１３ ８０００，不志冷😡"
    (row,) = parse([{"text": text}])
    said = {entity["entity"]: text[entity["start"] : entity["end"]] for entity in row["entities"]}
    assert said == {"product": "雪櫃", "phone": "１３８ ００１３ ８０００", "symptom": "不志冷"}


def test_a_line_that_is_no_json_is_refused_with_its_number() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "parse"], input="nonsense\n", capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1
    assert "第 1 行" in done.stderr


@pytest.mark.skipif(not REAL.exists(), reason="no measurement data beside the project")
def test_real_messages_are_understood() -> None:
    labelled = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
    parsed = parse([{"text": row["text"]} for row in labelled])
    right = sum(p["main_intent"] in (row["label"], row.get("alt")) for p, row in zip(parsed, labelled, strict=True))
    assert right / len(labelled) >= FLOOR
