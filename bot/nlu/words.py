"""The shop's own words, and jieba that knows them."""

import math
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import jieba

from bot.domain.errors import ContentError

DICTIONARY = Path(__file__).parent / "dictionary"
OFTEN = 200
"""Times that a word was counted in jieba's corpus of 60 million words from which everyone uses it."""
TYPES = frozenset({"product", "brand", "symptom", "channel", "service"})


def read_dictionary(folder: Path = DICTIONARY) -> dict[str, tuple[str, str]]:
    """The shop's words: word → (type, canonical word), from lines `word type [canonical]`.

    Raises:
        ContentError: a line has no type or an unknown one; the message names file and line.
    """
    words: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = line.split()
            if len(parts) not in (2, 3) or parts[1] not in TYPES:
                raise ContentError(
                    f"{path.name} 第 {number} 行应为“词 类型 [标准词]”，类型是 {'、'.join(sorted(TYPES))} 之一，"
                    f"现在是：{line.strip()[:40]}"
                )
            word = parts[0].lower()
            words[word] = (parts[1], parts[2].lower() if len(parts) == 3 else word)
    return words


@cache
def _jieba() -> jieba.Tokenizer:
    jieba.setLogLevel("WARNING")
    with TemporaryDirectory() as private:
        # It reads a cache with `marshal`, by default where everybody on the machine may have put one.
        jieba.dt.tmp_dir = private
        jieba.initialize()
    ours = read_dictionary()
    for word in ours:
        jieba.add_word(word)
    for word in [word for word, count in jieba.dt.FREQ.items() if count and len(word) >= 4]:
        if word not in ours and _is_joined(word, ours):
            jieba.del_word(word)  # 「格力空调」 is a brand and a product
    return jieba.dt


def _is_joined(word: str, ours: Container[str]) -> bool:
    return any(word[:middle] in ours and word[middle:] in ours for middle in range(2, len(word) - 1))


def load() -> None:
    """Read the dictionary now; spaCy cuts with the same jieba."""
    _jieba()


def cut(text: str) -> list[str]:
    """The words of a text by dictionary alone: what no dictionary holds falls into single characters."""
    return _jieba().lcut(text, HMM=False)


def commonness(word: str) -> float:
    """How likely jieba takes the word to be, as a natural logarithm."""
    return math.log((_jieba().FREQ.get(word) or 1) / _jieba().total)


def is_word(text: str) -> bool:
    """Whether jieba or the shop know the word."""
    return bool(_jieba().FREQ.get(text, 0))


def common_words() -> Iterator[tuple[str, int]]:
    """The Chinese words of two to four characters that jieba counted often, with how often."""
    for word, count in _jieba().FREQ.items():
        if count >= OFTEN and 2 <= len(word) <= 4 and all("一" <= character <= "龥" for character in word):
            yield word, count
