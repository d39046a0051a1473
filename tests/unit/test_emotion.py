"""How the customer feels, read with the reviewed words of bot/content/emotion.yml (A2, A13, F3)."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.emotion import EmotionWords, Level, read_emotion

RAW = yaml.safe_load(
    (Path(__file__).parents[2] / "bot" / "content" / "emotion.yml").read_text(encoding="utf-8")
)  # bot.nlu.feeling.read_words says the same, but brings all of Rasa with it
WORDS = EmotionWords(
    levels={Level[name.upper()]: tuple(listed) for name, listed in RAW["levels"].items()},
    signals={name: tuple(listed) for name, listed in RAW["signals"].items()},
    calming=tuple(RAW["calming"]),
    innocent=tuple(RAW["innocent"]),
)

CALM, UNHAPPY, ANGRY, EXTREME = Level.CALM, Level.UNHAPPY, Level.ANGRY, Level.EXTREME


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("你好,我想问下洗衣机怎么预约安装", CALM),
        ("空调不制冷了", CALM),
        ("谢谢,麻烦你了", CALM),
        ("帮我查一下订单到哪了", CALM),
        ("我想退货", CALM),
        ("好的", CALM),
        ("可以开发票吗", CALM),
        ("冰箱门关不严,帮忙看看", CALM),
        ("不着急,你慢慢查", CALM),
        ("没关系,明天来也行", CALM),
        ("我不投诉,就是想问一下进度", UNHAPPY),  # one level off; a calm question would be better still
        ("我没生气", UNHAPPY),
        ("等了好久了", UNHAPPY),
        ("师傅怎么还没来", UNHAPPY),
        ("又坏了", UNHAPPY),
        ("有点失望", UNHAPPY),
        ("家里急用,能快点吗", UNHAPPY),
        ("催了好几次", UNHAPPY),
        ("你们物流太慢", UNHAPPY),
        ("给你个差评", UNHAPPY),
        ("买完就后悔", UNHAPPY),
        ("什么情况啊", UNHAPPY),
        ("我要投诉", ANGRY),
        ("你们就是骗子", ANGRY),
        ("太生气了", ANGRY),
        ("什么态度", ANGRY),
        ("一直在踢皮球", ANGRY),
        ("凭什么收我上门费", ANGRY),
        ("垃圾东西", ANGRY),
        ("我要打12315", ANGRY),
        ("再不解决我找消协", ANGRY),
        ("我已经咨询了律师", ANGRY),
        ("发微博让大家看看", ANGRY),
        ("等了好久,太慢,说话不算", ANGRY),  # three unhappy words
        ("怎么还不来!!!", ANGRY),  # shouting
        ("怎么还没到????", ANGRY),
        ("垃圾,骗子,什么态度", EXTREME),
        ("我要投诉!!!", EXTREME),
        ("你们是不是骗人???? ", EXTREME),
        ("他妈的什么破店", EXTREME),
        ("法院见", EXTREME),
        ("我要起诉你们", EXTREME),
        ("不处理我就跟你们没完", EXTREME),
        ("我不想活了", EXTREME),
        ("急死了!!!", CALM),  # shouting alone is no anger
    ],
)
def test_the_level_that_a_message_shows(text: str, level: Level) -> None:
    """A2."""
    assert read_emotion(text, WORDS).level is level


@pytest.mark.parametrize(
    ("text", "signals"),
    [
        ("我要打12315", ("threat",)),
        ("我找律师", ("threat",)),
        ("我找记者", ("threat",)),
        ("家里只有老人,八十多了", ("special_care",)),
        ("我眼睛不好,看不清你写的", ("special_care",)),
        ("我怀孕了,搬不动", ("special_care",)),
        ("不想活了", ("safety",)),
        ("老人急用,再不来我找消协", ("threat", "special_care")),
        ("空调漏水", ()),
    ],
)
def test_the_signals_that_a_message_gives(text: str, signals: tuple[str, ...]) -> None:
    """A13, F3."""
    assert read_emotion(text, WORDS).signals == signals


def test_a_threat_is_never_taken_as_less_than_anger() -> None:
    """F3: calming words do not hide it."""
    assert read_emotion("我不着急,但会找律师", WORDS).level is Level.ANGRY


def test_calming_words_do_not_soften_the_extreme() -> None:
    assert read_emotion("没关系,法院见", WORDS).level is Level.EXTREME


@given(st.text(max_size=300))
def test_any_text_has_a_feeling(text: str) -> None:
    assert read_emotion(text, WORDS).level in Level


DICTIONARY = Path(__file__).parents[2] / "bot" / "nlu" / "dictionary"
NAMES = [
    line.split()[0]
    for name in ("products", "symptoms", "brands")
    for line in (DICTIONARY / f"{name}.txt").read_text(encoding="utf-8").lower().splitlines()
    if line.strip() and not line.startswith("#")
]


def test_naming_a_product_a_brand_or_a_fault_is_no_anger() -> None:
    """A2, A4: 滚筒洗衣机 is a washing machine; only a fault that came again, or slowness, is a complaint of its own."""
    angry = {name for name in NAMES if read_emotion(name, WORDS).level > Level.CALM}
    assert angry <= {"又坏了", "网速太慢", "充电太慢"}


@pytest.mark.parametrize("text", ["给我爸妈的冰箱约个时间", "优惠八十块吗", "装好能上电视剧频道吗"])
def test_innocent_words_that_hold_a_grave_one(text: str) -> None:
    """A2."""
    emotion = read_emotion(text, WORDS)
    assert (emotion.level, emotion.signals) == (Level.CALM, ())


@pytest.mark.parametrize("text", ["麻烦查一下物流", "麻烦您了", "买个滚筒洗衣机", "辛苦师傅,麻烦快点"])
def test_polite_words_are_heard_as_polite(text: str) -> None:
    """A2."""
    assert read_emotion(text, WORDS).level is Level.CALM


@given(st.sampled_from(RAW["calming"]), st.sampled_from(RAW["levels"]["unhappy"]))
def test_a_calming_phrase_takes_a_level_off(phrase: str, word: str) -> None:
    if not any(angry in phrase for angry in RAW["levels"]["angry"]):
        assert read_emotion(f"{word}。{phrase}", WORDS).level <= read_emotion(word, WORDS).level


@pytest.mark.parametrize("name", ["unhappy", "angry", "extreme"])
def test_every_listed_word_shows_at_least_its_level(name: str) -> None:
    level = Level[name.upper()]
    assert [w for w in WORDS.levels[level] if read_emotion(w, WORDS).level < level] == []


def test_no_word_stands_in_two_levels_and_all_are_in_normal_form() -> None:
    words = [word for listed in WORDS.levels.values() for word in listed]
    assert len(words) == len(set(words))
    assert all(str(word) == str(word).lower() for word in (*words, *WORDS.calming))


def test_a_level_is_labelled_as_content_files_write_it() -> None:
    assert [level.label for level in Level] == ["calm", "unhappy", "angry", "extreme"]
