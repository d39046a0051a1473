"""How characters sound: pinyin without tones, with the confusions of southern speech folded together (B7)."""

from functools import lru_cache

from pypinyin import lazy_pinyin

_FOLDED = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_ENDINGS = (("ing", "in"), ("eng", "en"))


@lru_cache(maxsize=8192)
def sound(character: str) -> str:
    """The character's most common reading: 「制」, 「志」 → `zi`; what is no Chinese character stays."""
    reading = str(lazy_pinyin(character)[0])
    for written, spoken in _FOLDED:
        if reading.startswith(written):
            reading = spoken + reading[2:]
    for written, spoken in _ENDINGS:
        if reading.endswith(written):
            reading = reading[: -len(written)] + spoken
    return reading
