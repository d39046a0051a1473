"""Departments as staff write them: who, where, how soon; a slip is told with its line and its cure (C6, D8)."""

from pathlib import Path

import pytest

from bot.adapters.department_files import load_departments, load_mail_fields
from bot.domain.actor import LEVELS
from bot.domain.department import is_mailbox
from bot.domain.errors import ContentError
from bot.domain.notice import Way

LINE = '{name: 仓库, webhook: "", email: "", acknowledges_within_hours: 4}'
FILE = f"""departments:
  warehouse: {LINE}
  agent: {LINE.replace("仓库", "客服")}
  supervisor: {LINE.replace("仓库", "主管")}
  manager: {LINE.replace("仓库", "经理")}
mail:
  ticket: 工单
"""


def written(folder: Path, text: str) -> Path:
    (folder / "departments.yml").write_text(text, encoding="utf-8")
    return folder


def with_line(folder: Path, line: str) -> Path:
    """The file with another second line, which is the warehouse's."""
    return written(folder, FILE.replace(LINE, line, 1))


def test_the_departments_that_carry_out_agreements_and_the_levels_are_there() -> None:
    departments = load_departments()
    names = {id: department.name for id, department in departments.items()}
    assert names == {
        "warehouse": "仓库", "logistics": "物流", "marketing": "市场", "production": "生产", "finance": "财务",
        "repair": "维修", "agent": "客服", "supervisor": "主管", "manager": "经理",
    }  # fmt: skip
    assert all(department.acknowledges_within_hours > 0 for department in departments.values())
    assert not any(department.ways for department in departments.values()), "we ship nobody's address"


def test_the_items_of_task_notices_have_names_in_e_mails() -> None:
    assert {"ticket", "what", "acknowledge_before", "link", "due"} <= load_mail_fields().keys()


@pytest.mark.parametrize(
    ("addresses", "ways"),
    [
        ('webhook: "", email: ""', ()),
        ("webhook: , email: ", ()),
        ('webhook: "https://wms.example.com/anfu", email: ""', (Way.WEBHOOK,)),
        ('webhook: "", email: wh@example.com', (Way.EMAIL,)),
        ('webhook: "https://wms.example.com/anfu", email: wh@example.com', (Way.WEBHOOK, Way.EMAIL)),
    ],
)
def test_each_address_is_a_way(tmp_path: Path, addresses: str, ways: tuple[Way, ...]) -> None:
    folder = with_line(tmp_path, f"{{name: 仓库, {addresses}, acknowledges_within_hours: 0.5}}")
    assert load_departments(folder)["warehouse"].ways == ways


@pytest.mark.parametrize(
    "address",
    [
        "https://wms.example.com",
        "https://wms.example.com:8443/anfu?shop=1",
        "http://localhost:9000/anfu",
        "http://127.0.0.1/anfu",
        "http://10.1.2.3/anfu",
        "http://192.168.0.7:8080/",
        "http://[::1]:9000/",
    ],
)
def test_https_is_taken_and_http_within_the_house(tmp_path: Path, address: str) -> None:
    folder = with_line(tmp_path, LINE.replace('webhook: ""', f'webhook: "{address}"'))
    assert load_departments(folder)["warehouse"].webhook == address


@pytest.mark.parametrize(
    ("address", "cure"),
    [
        ("http://wms.example.com/anfu", "外网地址要用 https"),
        ("http://8.8.8.8/anfu", "外网地址要用 https"),
        ("http://10.evil.example.com/", "外网地址要用 https"),
        ("ftp://wms.example.com", "应是完整的地址"),
        ("wms.example.com/anfu", "应是完整的地址"),
        ("https://", "应是完整的地址"),
        ("https://wms.example.com:port/", "应是完整的地址"),
        ("https://[::1/", "应是完整的地址"),
        ("https：//wms.example.com", "全角"),
        ("https://wms.example.com/a b", "空格"),
        ("https://user:password@wms.example.com/", "不要写用户名和密码"),
    ],
)
def test_any_other_webhook_address_is_refused_with_line_and_cure(tmp_path: Path, address: str, cure: str) -> None:
    folder = with_line(tmp_path, LINE.replace('webhook: ""', f'webhook: "{address}"'))
    with pytest.raises(ContentError, match=rf"departments\.yml 第 2 行（departments → warehouse → webhook）：.*{cure}"):
        load_departments(folder)


@pytest.mark.parametrize("address", ["wh@example.com", "a.b+c@mail.example.com.cn", "x@x-y.io"])
def test_a_mailbox_is_one_address(address: str) -> None:
    assert is_mailbox(address)


@pytest.mark.parametrize(
    "address",
    [
        "warehouse", "warehouse@", "@example.com", "wh@example", "wh@@example.com", "w h@example.com",
        "wh@example.com, b@example.com", "wh@example.com;b@example.com", "仓库 <wh@example.com>", "wh..x@example.com",
        ".wh@example.com", "wh@-example.com", "wh@example..com", "wh@example.com\nBcc: x@example.com",
        "wh@example.com\n", "仓库@example.com", f"{'a' * 250}@example.com",
    ],
)  # fmt: skip
def test_anything_else_is_no_mailbox(tmp_path: Path, address: str) -> None:
    assert not is_mailbox(address)


def test_a_wrong_mailbox_is_refused_with_line_and_cure(tmp_path: Path) -> None:
    folder = with_line(tmp_path, LINE.replace('email: ""', 'email: "wh@example.com, b@example.com"'))
    with pytest.raises(ContentError, match=r"departments\.yml 第 2 行.*群组邮箱"):
        load_departments(folder)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{name: 仓库, webhook: "", email: "", acknowledges_within_hours: 4, phone: 1}', "不认识 phone，可以写"),
        ('{name: 仓库, webhook: 8, email: "", acknowledges_within_hours: 4}', "webhook 应是文字"),
        ('{name: "", webhook: "", email: "", acknowledges_within_hours: 4}', "name 没有写"),
        ('{name: 仓库, webhook: "", email: ""}', "acknowledges_within_hours 应是大于 0"),
        ('{name: 仓库, webhook: "", email: "", acknowledges_within_hours: 0}', "acknowledges_within_hours 应是大于 0"),
        ('{name: 仓库, webhook: "", email: "", acknowledges_within_hours: yes}', "应是大于 0"),
        ('{name: 仓库, webhook: "", email: "", acknowledges_within_hours: .inf}', "不超过 720"),
        ("仓库", "这里应是“名称: 值”"),
    ],
)
def test_a_slip_in_a_department_is_told_with_its_line_and_its_cure(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ContentError, match=rf"departments\.yml 第 2 行.*{told}"):
        load_departments(with_line(tmp_path, line))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("  warehouse:", "  Ware-House:"), "第 2 行.*小写字母"),
        (("  warehouse:", "  agent:"), "第 3 行：agent 已经写过"),
        (("mail:", "mails:"), "第 6 行.*不认识 mails"),
        (("departments:\n", "departments: [\n"), "不是正确的 YAML"),
    ],
)
def test_a_slip_in_the_file_is_told(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(ContentError, match=told):
        load_departments(written(tmp_path, FILE.replace(*change)))


@pytest.mark.parametrize("level", [level.value for level in LEVELS])
def test_the_levels_must_be_there(tmp_path: Path, level: str) -> None:
    folder = written(tmp_path, FILE.replace(f"  {level}:", "  somebody:"))
    with pytest.raises(ContentError, match=f"第 1 行.*缺少 {level}"):
        load_departments(folder)


def test_a_name_in_e_mails_must_be_text(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"departments\.yml 第 7 行.*ticket 没有写"):
        load_mail_fields(written(tmp_path, FILE.replace("ticket: 工单", "ticket:")))
