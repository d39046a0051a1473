"""How the customer feels: what a message sounds like, and the words that leave no doubt (A2, A13, F3)."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.emotion import SIGNALS, Level, feeling
from bot.domain.errors import ContentError
from bot.nlu.emotion_model import read_examples
from bot.nlu.feeling import WORDS, read_words

LISTED = read_words()
RAW = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
CALM, UNHAPPY, ANGRY, EXTREME = Level.CALM, Level.UNHAPPY, Level.ANGRY, Level.EXTREME


@pytest.mark.parametrize(
    ("text", "sounds", "level"),
    [
        ("我没生气,就是问问", UNHAPPY, CALM),
        ("不着急,你慢慢查", UNHAPPY, CALM),
        ("他妈的什么破店", UNHAPPY, ANGRY),
        ("我要去告你们", CALM, ANGRY),
        ("我不着急,但会找律师", CALM, ANGRY),
        ("没关系,法院见", EXTREME, EXTREME),
        ("法院旁边那栋楼,三楼", CALM, CALM),
        ("空调不制冷了", CALM, CALM),
    ],
)
def test_words_that_leave_no_doubt_correct_what_a_message_sounds_like(text: str, sounds: Level, level: Level) -> None:
    """A2; F3: calming words do not hide a threat."""
    assert feeling(text, LISTED, sounds).level is level


@pytest.mark.parametrize(
    ("text", "sounds", "signals"),
    [
        ("我要打12315", CALM, ("threat",)),
        ("12315是干什么的", CALM, ()),
        ("再不解决就上12315", ANGRY, ("threat",)),
        ("抖音直播间买的", UNHAPPY, ()),
        ("我八十多岁了", CALM, ("special_care",)),
        ("我今年十三岁", CALM, ("special_care",)),
        ("我眼睛不好,看不清你写的", CALM, ("special_care",)),
        ("我怀孕了,搬不动", CALM, ("special_care",)),
        ("老人手机多少钱", CALM, ()),
        ("不想活了", EXTREME, ("safety",)),
        ("插上就冒烟", UNHAPPY, ("safety",)),
        ("跳楼价还有吗", CALM, ()),
        ("岁数大了,再不来我找消协", ANGRY, ("threat", "special_care")),
        ("空调漏水", CALM, ()),
    ],
)
def test_the_signals_that_a_message_gives(text: str, sounds: Level, signals: tuple[str, ...]) -> None:
    """A13, F3: who asks about a thing threatens nobody with it."""
    assert feeling(text, LISTED, sounds).signals == signals


def test_irony_is_heard_only_in_displeasure() -> None:
    assert feeling("真是好服务啊", LISTED, UNHAPPY, irony=0.9).signals == ("sarcasm",)
    assert feeling("真是好服务啊", LISTED, CALM, irony=0.9).signals == ()
    assert feeling("真是好服务啊", LISTED, UNHAPPY, irony=0.1).signals == ()


@given(st.text(max_size=300), st.sampled_from(Level), st.floats(0, 1))
def test_any_text_has_a_feeling(text: str, sounds: Level, irony: float) -> None:
    felt = feeling(text, LISTED, sounds, irony)
    assert felt.level in Level
    assert set(felt.signals) <= set(SIGNALS)


def test_naming_a_product_or_a_brand_is_no_anger_and_no_threat() -> None:
    """A2, A4: 滚筒洗衣机 is a washing machine."""
    folder = Path(__file__).parents[2] / "bot" / "nlu" / "dictionary"
    names = [
        line.split()[0]
        for name in ("products", "brands")
        for line in (folder / f"{name}.txt").read_text(encoding="utf-8").lower().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    felt = {name: feeling(name, LISTED, CALM) for name in names}
    assert {name for name, f in felt.items() if f.level > CALM or {"threat", "safety"} & set(f.signals)} == set()


def test_the_lists_are_in_normal_form_and_name_known_signals() -> None:
    words = [*RAW["extreme"], *RAW["calming"], *RAW["innocent"]]
    for part in ("signals", "in_anger"):
        assert set(RAW[part]) <= set(SIGNALS)
        words += [word for listed in RAW[part].values() for word in listed]
    assert [word for word in words if not isinstance(word, str) or word != word.lower()] == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("emotion: calm\nexamples: |\n  - 你好\n  没有横线\n", "第 2 行"),
        ("emotion: furious\nexamples: |\n  - 气死\n", "emotion"),
        ("emotion: calm\n", "examples"),
        ("emotion: [calm\n", "YAML"),
    ],
)
def test_a_broken_file_of_sentences_is_refused_with_file_and_cure(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "calm.yml").write_text(content, encoding="utf-8")
    with pytest.raises(ContentError, match=r"calm\.yml") as refused:
        list(read_examples(tmp_path))
    assert told in str(refused.value)


def test_a_broken_word_list_is_refused_with_file_and_cure(tmp_path: Path) -> None:
    path = tmp_path / "emotion.yml"
    path.write_text("extreme: [去死]\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"emotion\.yml"):
        read_words(path)


def test_a_level_is_labelled_as_content_files_write_it() -> None:
    assert [level.label for level in Level] == ["calm", "unhappy", "angry", "extreme"]
