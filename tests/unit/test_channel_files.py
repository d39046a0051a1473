"""What service staff say of channels: as shipped it is right, and what is wrong is named with its line (A1, W2)."""

import shutil
from pathlib import Path

import pytest

from bot.adapters.channel_files import load_channels
from bot.adapters.content_files import CONTENT
from bot.adapters.department_files import load_departments
from bot.domain.errors import ContentError

DEPARTMENTS = set(load_departments())


def test_what_is_shipped_names_the_channels_and_the_ways() -> None:
    content = load_channels(DEPARTMENTS)
    assert [content.name_of(channel) for channel in ("web", "wechat", "kf")] == ["网页", "微信公众号", "微信客服"]
    assert content.quiet_seconds == {"wechat": 3, "kf": 3}
    assert [way.id for way in content.ways] == ["callback", "task", "ask"]
    assert content.menu["HUMAN"] == "转人工"
    assert content.name_of("unheard-of") == "unheard-of"


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("web: {name: 网页}", "site: {name: 网页}", "少了 web"),
        ("quiet_seconds: 3", "quiet_seconds: 31", "不超过 30"),
        ("quiet_seconds: 3", "quiet_seconds: true", "秒数"),
        ("quiet_seconds: 3", "patience: 3", "不认识 patience"),
        ("HUMAN: 转人工", "HUMAN: ''", "HUMAN 没有写"),
        ("id: callback", "id: pigeon", "不认识 pigeon"),
        ("id: callback, name: 登记回电工单", "id: ask, name: 再说一遍, text: 您好", "ask 已经写过"),
        ("department: agent", "department: moon", "没有部门 moon"),
        ("text: 您好", "text: 不可能，您好", "“不可能”是忌语"),
        ("name: 登记回电工单", "name: 登记回电工单, text: 您好", "不认识 text"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    shutil.copy(CONTENT / "wording.yml", tmp_path)
    text = (CONTENT / "channels.yml").read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "channels.yml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=complaint) as raised:
        load_channels(DEPARTMENTS, tmp_path)
    assert "channels.yml 第 " in str(raised.value)
