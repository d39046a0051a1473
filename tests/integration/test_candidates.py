"""`python -m bench.candidates`: intent models side by side, on a handful of sentences."""

from pathlib import Path

import pytest

from bench.candidates import compare, main
from bench.intent_models import candidates
from bot.domain.examples import Example
from bot.evaluation.measures import Case

SENTENCES = {
    "repair_fault": ["空调不制冷", "洗衣机坏了", "冰箱不工作了", "电视黑屏了", "热水器不出热水", "机器老是报警"],
    "repair_booking": ["约师傅上门修", "派人来修一下"],
    "return_exchange_return": ["我要退货", "不想要了能退吗", "申请退款", "怎么把东西退掉", "帮我退了吧", "退货退款"],
    "greet": ["你好", "在吗", "您好呀", "早上好", "有人吗", "哈喽"],
}
EXAMPLES = [Example(text, intent, f"{intent}.yml") for intent, texts in SENTENCES.items() for text in texts]
CASES = [
    Case("家里空调坏了不制冷", "repair"),
    Case("这个我想退货退款", "return_exchange"),
    Case("你好，早上好", "other"),
    Case("冰箱坏了", "complaint", "repair"),
]


def test_each_candidate_gets_its_row_of_figures(capsys: pytest.CaptureFixture[str]) -> None:
    quick = {name: train for name, train in candidates(1).items() if "neighbours" in name or "two levels" in name}
    heading, _, *rows = (line.strip("| ").split(" | ") for line in compare(EXAMPLES, CASES, quick).splitlines())
    assert [row[0] for row in rows] == list(quick) and len(quick) == 2
    for row in rows:
        figures = dict(zip(heading, row, strict=True))
        assert (figures["lenient"], figures["strict"], figures["worst recall"]) == ("1.000", "0.750", "1.000 repair")
        assert float(figures["training, s"]) < 60 and float(figures["ms a message"]) < 1000
    told = capsys.readouterr().err
    assert all(name in told for name in quick)


def test_a_wrong_line_of_the_file_is_told_in_plain_words(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text('{"text": "你好", "label": "greeting"}\n', encoding="utf-8")
    with pytest.raises(SystemExit, match=r"messages\.jsonl 第 1 行的 label 是“greeting”，只能是 consult"):
        main([str(file)])
