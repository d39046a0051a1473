"""The harder versions of messages: the same for everybody, and no harder than they say."""

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from bot.evaluation.measures import Case
from bot.evaluation.noise import homophones, misspelt, variants

LONG = "洗衣机不脱水，洗完以后里面还有很多水；昨天师傅来看过一次，说没有问题。" * 60


def test_a_tenth_of_the_characters_become_others_that_sound_alike() -> None:
    chinese = [c for c in LONG if c.isalpha()]
    slipped = [c for c in misspelt(LONG) if c.isalpha()]
    changed = [(old, new) for old, new in zip(chinese, slipped, strict=True) if old != new]
    assert 0.07 < len(changed) / len(chinese) < 0.13
    assert all(new in homophones()[lazy_pinyin(new)[0]] for _, new in changed)
    sounds = zip(lazy_pinyin(LONG, errors="ignore"), slipped, strict=True)
    assert all(new in homophones()[sound] or new in chinese for sound, new in sounds)


def test_a_tenth_of_the_punctuation_is_left_out() -> None:
    def marks(text: str) -> int:
        return sum(unicodedata.category(c).startswith("P") for c in text)

    assert 0.04 < 1 - marks(misspelt(LONG)) / marks(LONG) < 0.16


def test_a_text_slips_alike_each_time_whatever_else_is_measured() -> None:
    assert misspelt(LONG) == misspelt(LONG) != misspelt(LONG, seed=2)
    cases = [Case(LONG[:40], "repair"), Case(LONG[40:90], "repair")]
    assert variants(cases, str.upper)["同音错字"][1] == variants(cases[1:], str.upper)["同音错字"][0]


@settings(deadline=None)  # the first one reads the dictionary
@given(st.text())
@example("发票😡 ABC-123 𠮷〇㊙\u3000重庆银行")
def test_any_text_can_slip_and_only_loses_punctuation(text: str) -> None:
    slipped = misspelt(text)
    assert sum(not unicodedata.category(c).startswith("P") for c in slipped) == sum(
        not unicodedata.category(c).startswith("P") for c in text
    )


def test_common_characters_alone_are_put_in() -> None:
    everything = [c for characters in homophones().values() for c in characters]
    assert len(everything) == len(set(everything)) == 3500
    assert "的" in homophones()["de"] and "他" in homophones()["ta"]


def test_labels_stay_and_texts_are_put_into_the_other_script() -> None:
    cases = [Case("机器坏了", "repair", "complaint")]
    found = variants(cases, lambda text: text.replace("机", "機"))
    assert list(found) == ["繁体字", "同音错字"]
    assert found["繁体字"] == [Case("機器坏了", "repair", "complaint")]
    assert (found["同音错字"][0].label, found["同音错字"][0].alt) == ("repair", "complaint")
