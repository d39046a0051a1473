"""`anfu warranty`: JSON lines for programs, an explanation for people (E11)."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bot.commands import warranty
from bot.domain.errors import InvalidInput
from bot.settings import from_environment

WASHER: dict[str, Any] = {
    "category": "washing_machine", "bought_on": "2026-10-01", "received_on": "2026-10-03", "channel": "online",
    "price_fen": 299900, "today": "2026-10-08", "part": None,
    "fault": {"kind": "performance", "found_on": "2026-10-07", "cause": "product"},
    "repairs": [
        {"from": "2026-10-10", "to": "2026-10-15", "fixed": False, "waiting_parts": False, "repairer_caused": False},
    ],
    "exchanged_on": None, "certified_substandard": False, "custom_made": False, "opened_irreversibly": False,
    "intact": True, "same_model_in_stock": True, "wish": None,
}  # fmt: skip


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="anfu")
    common = argparse.ArgumentParser(add_help=False)
    warranty.add_commands(parser.add_subparsers(required=True), common)
    options = parser.parse_args(["warranty", *arguments])
    return int(options.run(options, from_environment()) or 0)


@pytest.fixture
def decide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `decide` on a file of those bytes and gives the exit code and the answers."""

    def write_and_run(content: bytes) -> tuple[int, list[dict[str, Any]]]:
        file = tmp_path / "cases.jsonl"
        file.write_bytes(content)
        code = run("decide", str(file))
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return write_and_run


def line(**facts: Any) -> bytes:
    return json.dumps({**WASHER, **facts}, ensure_ascii=False).encode() + b"\n"


def test_each_line_gets_its_answer_in_order(decide: Any) -> None:
    code, answers = decide(line() + b"\n" + line(category="洗衣机", wish="repair"))
    assert code == 0
    assert [answer["options"] for answer in answers] == [
        ["return", "exchange", "repair"],
        ["repair", "return", "exchange"],
    ]
    first = answers[0]
    assert (first["deadline"], first["refund_fen"], first["freight"]) == ("2026-10-10", 299900, "seller")
    assert [clause.split()[0] for clause in first["clauses"]] == ["E1", "E6", "E2", "E6", "E6", "E7"]
    assert set(first) == {"options", "clauses", "deadline", "refund_fen", "freight", "reasons"}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"{\n", ("JSON",)),
        (b"[1, 2]\n", ("JSON 对象",)),
        (b"[" * 100_000 + b"\n", ("JSON",)),
        ("{\"category\": \"洗衣机\"}\n".encode("gbk"), ("UTF-8",)),
        (line(bought_on="2026-02-30"), ("bought_on", "2026-02-30")),
        (line(received_on="2026-09-30"), ("received_on 早于 bought_on",)),
        (line(today="2026-09-30"), ("today 早于 bought_on",)),
        (line(category="飞船"), ("飞船", "washing_machine（洗衣机）")),
        (line(price_fen=-1), ("price_fen", "分")),
        (line(repairs=[{"from": "2026-10-05", "to": "2026-10-04"}]), ("第 1 次维修", "早于")),
        (line(wish="gift"), ("wish", "return、exchange、repair")),
        (b'{"category": "\\ud800", "bought_on": "2026-10-01", "today": "2026-10-08"}\n', ("没有商品类别",)),
    ],
)  # fmt: skip
def test_a_bad_line_goes_to_a_human_and_the_others_go_on(decide: Any, bad: bytes, words: tuple[str, ...]) -> None:
    code, (good, refused, again) = decide(line() + bad + line())
    assert code == 1
    assert good == again and "error" not in good
    assert {name: value for name, value in refused.items() if name not in ("reasons", "error")} == {
        "options": ["human"], "clauses": [], "deadline": None, "refund_fen": None, "freight": None,
    }  # fmt: skip
    assert refused["error"].startswith("第 2 行：")
    for word in words:
        assert word in refused["error"]


def test_without_a_file_it_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\ufeff".encode() + line())))
    assert run("decide") == 0
    assert json.loads(capsys.readouterr().out)["options"] == ["return", "exchange", "repair"]


def test_a_line_without_today_is_decided_on_the_day_in_shanghai(decide: Any) -> None:
    code, [answer] = decide(line(bought_on="2000-01-03", received_on=None, today=None, fault=None, repairs=[]))
    assert code == 0 and answer["options"] == ["human"]


def test_explain_speaks_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    run(
        "explain", "--category", "手机", "--bought", "2026-03-02", "--channel", "门店", "--price", "2199", "--today",
        "2026-06-01", "--fault", "性能", "--repair", "2026-04-10:2026-04-15,fixed", "--repair", "2026-05-10:2026-05-15",
        "--wish", "退货",
    )  # fmt: skip
    told = capsys.readouterr().out
    for words in (
        "结论：退货（收折旧）、换货",
        "退款 1308.41 元",
        "第十三条",
        "用了 81 天",
        "会改变结论的情况",
        "请准备",
    ):
        assert words in told


def test_explain_knows_every_fact_that_decide_knows(capsys: pytest.CaptureFixture[str]) -> None:
    run(
        "explain", "--category", "mobile_phone", "--bought", "2025-01-06", "--received", "2025-01-08", "--channel",
        "online", "--price", "2199.50", "--today", "2026-06-30", "--fault", "performance", "--found", "2026-05-01",
        "--cause", "unknown", "--part", "电池", "--exchanged", "2026-01-05", "--repair", "2026-06-01:,parts,repairer",
        "--no-stock", "--not-intact", "--opened", "--custom-made", "--certified-substandard",
    )  # fmt: skip
    told = capsys.readouterr().out
    assert "退款 2199.50 元" in told and "E8" in told and "电池" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--price", "两千"), ("--price", "2999.50")),
        (("--price", "29.999"), ("--price", "元")),
        (("--price", "nan"), ("--price",)),
        (("--repair", "2026-10-10"), ("--repair", "起:止")),
        (("--repair", "2026-10-10:2026-10-12,quick"), ("--repair", "parts")),
        (("--found", "2026-10-10"), ("--fault",)),
        (("--fault", "吵"), ("kind", "performance")),
        (("--today", "2026-09-30"), ("today 早于",)),
    ],
)
def test_explain_says_how_to_write_what_it_cannot_read(arguments: tuple[str, str], words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        run("explain", "--category", "洗衣机", "--bought", "2026-10-01", *arguments)
    for word in words:
        assert word in str(refusal.value)
