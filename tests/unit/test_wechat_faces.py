"""What customers say with WeChat's own faces is read by agents and understood by the bot."""

import pytest

from bot.adapters.channels.wechat.faces import FACES, name_faces


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("还没到/::@", "还没到[发怒]"),
        ("谢谢/::)", "谢谢[微笑]"),
        ("/:,@-D/:,@!好吧", "[愉快][衰]好吧"),
        ("/:@@/:@)", "[拳头][抱拳]"),
        ("链接 https://a.cn/:8080/x", "链接 https://a.cn/:8080/x"),
        ("", ""),
    ],
)
def test_a_face_is_named(written: str, read: str) -> None:
    assert name_faces(written) == read


def test_every_face_has_a_name_of_its_own_and_naming_again_changes_nothing() -> None:
    assert len(set(FACES.values())) == len(FACES)
    said = name_faces("".join(FACES))
    assert said == "".join(f"[{name}]" for name in FACES.values())
    assert name_faces(said) == said
