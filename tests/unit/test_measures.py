"""The figures of `anfu evaluate` are what they are called."""

import numpy as np
import pytest

from bot.evaluation.measures import Case, Prediction, calibration_error, measure, reliability, retrieval, worst
from bot.evaluation.table import WRITTEN, Row, as_text, rows, side

CASES = [
    Case("不制冷了", "repair"),
    Case("有声音正常吗", "consult", "repair"),
    Case("怎么退", "return_exchange", "consult"),
    Case("气死我了", "complaint"),
]


def said(*labels: str, confidence: float = 0.5, milliseconds: float = 1.0) -> list[Prediction]:
    return [Prediction(label, confidence, milliseconds) for label in labels]


def test_the_second_label_counts_leniently_only() -> None:
    figures = measure(CASES, said("repair", "repair", "return_exchange", "other"))
    assert (figures.strict, figures.lenient) == (0.5, 0.75)


def test_everything_right_is_one_everywhere() -> None:
    figures = measure(CASES, said(*(case.label for case in CASES), confidence=1.0))
    assert (figures.strict, figures.lenient, figures.macro_f1) == (1, 1, 1)
    assert (figures.sure_and_wrong, figures.lenient_error, figures.strict_error) == (0, 0, 0)


def test_each_label_has_its_figures_and_those_that_do_not_occur_have_none() -> None:
    figures = measure(CASES, said("repair", "repair", "return_exchange", "other"))
    by_name = {label.label: label for label in figures.labels}
    assert list(by_name) == ["consult", "repair", "return_exchange", "complaint"]
    assert (by_name["repair"].precision, by_name["repair"].recall) == (0.5, 1)
    assert by_name["repair"].f1 == pytest.approx(2 / 3)
    assert (by_name["consult"].recall, by_name["consult"].lenient_recall) == (0, 1)
    assert figures.macro_f1 == pytest.approx((0 + 2 / 3 + 1 + 0) / 4)


def test_the_confusions_stand_in_the_row_of_the_right_label() -> None:
    figures = measure(CASES, said("repair", "repair", "return_exchange", "other"))
    assert figures.confusion == ((0, 1, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 0, 1), (0, 0, 0, 0, 0))


@pytest.mark.parametrize(("confidence", "share"), [(0.9, 0.25), (0.89, 0.0)])
def test_sure_and_wrong_starts_at_nine_tenths(confidence: float, share: float) -> None:
    figures = measure(CASES, said("repair", "repair", "return_exchange", "other", confidence=confidence))
    assert figures.sure_and_wrong == share


def test_calibration_error_is_the_weighted_distance_between_sure_and_right() -> None:
    confidence = np.array([0.95, 0.95, 0.25, 0.25])
    right = np.array([True, False, False, False])
    assert calibration_error(confidence, right) == pytest.approx((2 * 0.45 + 2 * 0.25) / 4)
    bins = reliability(confidence, right)
    assert [b.count for b in bins] == [0, 0, 2, 0, 0, 0, 0, 0, 0, 2]
    assert (bins[9].low, bins[9].high, bins[9].right) == (0.9, 1.0, 0.5)


def test_full_certainty_falls_into_the_last_bin() -> None:
    assert measure(CASES, said(*["other"] * 4, confidence=1.0)).bins[9].count == 4


def test_latency_is_given_as_median_and_ninety_ninth_percentile() -> None:
    cases = [CASES[0]] * 101
    figures = measure(cases, [Prediction("repair", 0.5, float(i)) for i in range(101)])
    assert (figures.median_ms, figures.p99_ms) == (50, 99)


def test_the_worst_errors_are_wrong_even_leniently_and_the_surest_first() -> None:
    predictions = [
        Prediction("other", 0.3, 1), Prediction("repair", 0.99, 1), Prediction("repair", 0.8, 1),
        Prediction("complaint", 1.0, 1),
    ]  # fmt: skip
    assert [case.text for case, _ in worst(CASES, predictions)] == ["怎么退", "不制冷了"]
    assert [case.text for case, _ in worst(CASES, predictions, most=1)] == ["怎么退"]


def test_a_search_is_judged_by_the_place_of_its_first_hit() -> None:
    found = retrieval([1, 2, 5, 10, None])
    assert (found.count, found.at_1, found.at_5) == (5, 0.2, 0.6)
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 5 + 1 / 10) / 5)


def test_no_queries_are_no_error() -> None:
    assert retrieval([]).count == 0


def test_answers_to_several_versions_are_told_apart() -> None:
    ours = side("安服", {WRITTEN: CASES[:1], "繁体字": CASES[:1]}, said("repair", "other"))
    assert (ours.main.lenient, ours.figures["繁体字"].lenient) == (1, 0)
    assert [prediction.label for prediction in ours.predictions] == ["repair"]


def test_both_sides_stand_in_each_row_and_training_time_only_where_it_is_known() -> None:
    ours = side("安服", {WRITTEN: CASES[:1]}, said("repair"))
    stock = side("原装", {WRITTEN: CASES[:1]}, said("other"), train_seconds=61.2)
    by_title = {row.title: row for row in rows([ours, stock])}
    assert by_title["准确率（宽松）"].values == ("100.0 %", "0.0 %")
    assert by_title["训练秒数"].values == ("—", "61")
    assert "训练秒数" not in {row.title for row in rows([ours])}


def test_columns_line_up_though_chinese_characters_are_wide() -> None:
    text = as_text(["安服"], [Row("准确率", ("81.3 %",), "≥ 83 %"), Row("F1", ("7.0 %",))])
    assert text.splitlines() == ["           安服   要求", "准确率   81.3 %   ≥ 83 %", "F1        7.0 %"]
