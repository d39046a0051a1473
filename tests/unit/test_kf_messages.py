"""微信客服 knocks and is pulled: what comes in of it (W1, W3, W5)."""

import base64
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.adapters.channels.kf.account import KfAccount, account_and_customer
from bot.adapters.channels.kf.door import KfDoor
from bot.adapters.channels.kf.messages import read_page
from bot.adapters.channels.wechat import xml
from bot.domain.errors import Forged, InvalidInput, Unreadable
from bot.domain.incoming import Did, Incoming, Media
from bot.services.ports.channels import ENDED, WITH_PEOPLE, Failure, Knock, Page

NOW = datetime(2026, 11, 28, 13, 0, tzinfo=UTC)
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
ACCOUNT = KfAccount("ww4f1e0c8d9b7a6352", "kf-secret", "anfu2026", KEY)
DOOR = KfDoor(ACCOUNT, lambda: NOW)
PEER = WeChatCrypto(ACCOUNT.token, KEY, ACCOUNT.corp_id)
TIMESTAMP, NONCE = str(int(NOW.timestamp())), "9Kd3"
WHO = {"open_kfid": "wkAAA", "external_userid": "wmBBB"}
NEWS = {"MsgType": "event", "Event": "kf_msg_or_event", "Token": "ENCtoken", "OpenKfId": "wkAAA"}


def sent(msgtype: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A customer's message as `sync_msg` gives it."""
    return {
        "msgid": "m1", **WHO, "send_time": int(TIMESTAMP), "origin": 3, "servicer_userid": "", "msgtype": msgtype,
        msgtype: content, **more,
    }  # fmt: skip


def told(event_type: str, **more: Any) -> dict[str, Any]:
    """An event as `sync_msg` gives it."""
    event = {"event_type": event_type, **WHO, **more}
    return {"msgid": "e1", "send_time": int(TIMESTAMP), "origin": 4, "msgtype": "event", "event": event}


def page_of(*messages: Any) -> Page:
    return read_page(messages, "cursor", has_more=False)


def only(*messages: Any) -> Incoming:
    (incoming,) = page_of(*messages).incoming
    return incoming


def knock(fields: dict[str, str], peer: WeChatCrypto = PEER, timestamp: str = TIMESTAMP) -> Knock:
    """What the door makes of a call that a peer has sealed."""
    message = xml.write({"ToUserName": ACCOUNT.corp_id, "CreateTime": int(timestamp), **fields}).decode()
    envelope = ElementTree.fromstring(peer.encrypt_message(message, NONCE, timestamp))
    sealed, signature = envelope.findtext("Encrypt", ""), envelope.findtext("MsgSignature", "")
    body = xml.write({"ToUserName": ACCOUNT.corp_id, "Encrypt": sealed, "AgentID": ""})
    return DOOR.read({"msg_signature": signature, "timestamp": timestamp, "nonce": NONCE}, body)


def test_news_says_which_account_has_more_and_with_which_token() -> None:
    assert knock(NEWS) == Knock(pull=("wkAAA", "ENCtoken"))


def test_other_events_of_the_company_are_heard_and_change_nothing() -> None:
    assert knock({"MsgType": "event", "Event": "change_contact"}) == Knock()


def test_news_without_an_account_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        knock({"MsgType": "event", "Event": "kf_msg_or_event", "Token": "ENCtoken"})


def test_the_question_whether_the_address_is_ours_is_opened_and_answered() -> None:
    envelope = ElementTree.fromstring(PEER.encrypt_message("6428", NONCE, TIMESTAMP))
    asked = {
        "msg_signature": envelope.findtext("MsgSignature", ""), "timestamp": TIMESTAMP, "nonce": NONCE,
        "echostr": envelope.findtext("Encrypt", ""),
    }  # fmt: skip
    assert DOOR.verify(asked) == "6428"
    with pytest.raises(Forged):
        DOOR.verify({**asked, "msg_signature": "0" * 40})
    with pytest.raises(Forged):
        DOOR.verify({**asked, "timestamp": str(int(TIMESTAMP) - 301)})
    with pytest.raises(Forged):
        DOOR.verify({})


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_call_sent_again_is_refused(seconds: int) -> None:
    with pytest.raises(Forged):
        knock(NEWS, timestamp=str(int(TIMESTAMP) + seconds))


def test_what_is_sealed_for_another_company_or_with_another_token_is_refused() -> None:
    with pytest.raises(Forged):
        knock(NEWS, WeChatCrypto(ACCOUNT.token, KEY, "wwanother"))
    with pytest.raises(Forged):
        knock(NEWS, WeChatCrypto("another", KEY, ACCOUNT.corp_id))


@pytest.mark.parametrize("body", [xml.write(NEWS), b"<xml><Encrypt><a>1</a></Encrypt></xml>"])
def test_an_open_call_is_refused(body: bytes) -> None:
    with pytest.raises(Forged):
        DOOR.read({"timestamp": TIMESTAMP, "nonce": NONCE, "msg_signature": ""}, body)


def test_a_body_that_is_no_xml_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        DOOR.read({"timestamp": TIMESTAMP, "nonce": NONCE}, b"not xml")


def test_an_account_without_a_key_has_no_door() -> None:
    with pytest.raises(InvalidInput):
        KfDoor(KfAccount("ww1", "s", "t", "short"), lambda: NOW)


def test_no_secret_is_shown_with_the_account() -> None:
    assert not {"kf-secret", "anfu2026", KEY} & set(repr(ACCOUNT).split("'"))


def test_words_come_in_once_with_the_customers_time() -> None:
    incoming = only(sent("text", {"content": "洗衣机不脱水"}))
    assert incoming == Incoming("wkAAA:wmBBB", "k:m1", "洗衣机不脱水", NOW, Did.WROTE)
    assert account_and_customer(incoming.external_id) == ("wkAAA", "wmBBB")


def test_a_clicked_choice_says_which() -> None:
    assert only(sent("text", {"content": "是", "menu_id": "12-0"})).choice == "12-0"


def test_a_message_without_words_still_is_one() -> None:
    assert only(sent("text", {"content": ""})).text == "[空消息]"


@pytest.mark.parametrize(
    ("kind", "words"), [("image", "[图片]"), ("voice", "[语音]"), ("video", "[视频]"), ("file", "[文件]")]
)
def test_a_file_is_noted_and_left_with_the_platform(kind: str, words: str) -> None:
    incoming = only(sent(kind, {"media_id": "MEDIA"}))
    assert (incoming.text, incoming.media) == (words, Media("MEDIA", kind))
    assert incoming.source == {"kind": "media", "media": kind}


def test_a_place_is_its_address() -> None:
    place = {"latitude": 39.9, "longitude": 116.4, "name": "国贸", "address": "北京市朝阳区"}
    incoming = only(sent("location", place))
    assert incoming.text == "国贸 北京市朝阳区"
    assert incoming.source == {"kind": "location", "label": "国贸 北京市朝阳区", "x": 39.9, "y": 116.4}
    assert only(sent("location", {})).text == "[位置]"


def test_a_link_is_its_title_and_where_it_leads() -> None:
    incoming = only(sent("link", {"title": "滚筒洗衣机", "url": "https://shop.example/1"}))
    assert incoming.text == "滚筒洗衣机\nhttps://shop.example/1"
    assert incoming.source["kind"] == "link"


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("business_card", {"userid": "zhangsan"}, "[名片]"),
        ("miniprogram", {"title": "我的订单"}, "[小程序] 我的订单"),
        ("merged_msg", {"title": "聊天记录"}, "[聊天记录] 聊天记录"),
        ("something_new", {}, "[暂不支持的消息]"),
        ("image", {}, "[暂不支持的消息]"),
        ("image", {"media_id": "编号"}, "[暂不支持的消息]"),
    ],
)
def test_what_nobody_here_can_open_is_stored_as_such(kind: str, content: dict[str, Any], words: str) -> None:
    incoming = only(sent(kind, content))
    assert (incoming.text, incoming.source, incoming.media) == (words, {"kind": "unsupported", "type": kind}, None)


def test_who_comes_in_is_greeted_and_opens_no_way() -> None:
    incoming = only(told("enter_session", scene="123", welcome_code="CODE"))
    assert (incoming.text, incoming.did, incoming.greets) == ("", Did.CLICKED, True)
    assert Did.CLICKED not in ACCOUNT.limits.grants


def test_what_a_person_wrote_in_wecom_itself_is_no_business_of_ours() -> None:
    assert page_of(sent("text", {"content": "我来处理"}, origin=5)).incoming == ()


def test_a_message_that_did_not_arrive_says_why() -> None:
    page = page_of(told("msg_send_fail", fail_msgid="abc-1-0", fail_type=10))
    assert page.failures == (Failure("wkAAA:wmBBB", "abc-1-0", "企业微信说没有送到：客户拒收"),)
    assert "99" in page_of(told("msg_send_fail", fail_msgid="abc-1-0", fail_type=99)).failures[0].reason


@pytest.mark.parametrize(("change", "state"), [(1, WITH_PEOPLE), (2, WITH_PEOPLE), (3, ENDED), (4, WITH_PEOPLE)])
def test_a_session_that_changes_hands_is_noted(change: int, state: str) -> None:
    assert page_of(told("session_status_change", change_type=change)).states == {"wkAAA:wmBBB": state}


def test_a_session_that_was_over_begins_anew_when_the_customer_writes() -> None:
    ended, wrote = told("session_status_change", change_type=3), sent("text", {"content": "还有个问题"})
    assert page_of(ended, wrote).states == {"wkAAA:wmBBB": ""}
    assert page_of(wrote, ended).states == {"wkAAA:wmBBB": ENDED}
    taken = told("session_status_change", change_type=1)
    assert page_of(taken, wrote).states == {"wkAAA:wmBBB": WITH_PEOPLE}


def test_events_that_change_nothing_here_bring_nothing() -> None:
    page = page_of(
        told("user_recall_msg", recall_msgid="m0"), told("servicer_status_change", status=1), told(""),
        told("session_status_change", change_type=[1]), told("session_status_change"),
    )  # fmt: skip
    assert page == Page((), "cursor", False, {})


@pytest.mark.parametrize(
    "broken",
    [
        "no object", None, [], sent("text", {}, msgid=None), sent("text", {}, send_time="later"),
        {**sent("text", {}), "send_time": 10**30}, {**sent("text", {}), "open_kfid": 1},
        {**told("enter_session"), "event": {"event_type": "enter_session"}},
        {**sent("text", {}), "external_userid": ""}, sent("text", {}, external_userid="w" * 97),
        sent("text", {}, msgid="m" * 91), sent("text", {}, msgid="\ud800"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_holds_up_nobody_else(broken: Any, caplog: pytest.LogCaptureFixture) -> None:
    page = page_of(broken, sent("text", {"content": "我的电话13800138000"}))
    assert [incoming.text for incoming in page.incoming] == ["我的电话13800138000"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "13800138000" not in caplog.text


@pytest.mark.parametrize(
    "oddity", [{"text": "words"}, {"text": None}, {"msgtype": None}, {"msgtype": "text", "text": 5}]
)
def test_odd_contents_are_stored_as_empty_or_unknown(oddity: dict[str, Any]) -> None:
    assert only({**sent("text", {"content": "在吗"}), **oddity}).text.startswith("[")


def test_at_most_five_in_two_days_and_one_kept_for_people() -> None:
    limits = ACCOUNT.limits
    assert (limits.grants[Did.WROTE].most, limits.grants[Did.WROTE].lasts) == (5, timedelta(hours=48))
    assert (limits.reserve, limits.repeats, limits.choices, limits.text_bytes) == (1, True, 10, 2048)
