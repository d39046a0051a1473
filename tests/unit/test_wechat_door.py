"""What WeChat brings to the door of a 公众号, sealed and open (W1, W2, W5)."""

import base64
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
import wechatpy
import wechatpy.crypto
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.account import PASSIVE, WeChatAccount
from bot.adapters.channels.wechat.crypto import Seal, sign
from bot.adapters.channels.wechat.door import WeChatDoor
from bot.domain.errors import Forged, InvalidInput, Unreadable
from bot.domain.incoming import Did, Incoming, Media
from bot.services.ports.channels import Knock

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TIMESTAMP, NONCE = str(int(NOW.timestamp())), "9Kd3"
SECRET, TOKEN, APP_ID = "5d1f0c", "anfu2026", "wx4f1e0c8d9b7a6352"
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
OPENID, OURS = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "gh_e136c6e50636"
MENU = {"repair": "我要报修", "order": "查订单"}
PLAIN = WeChatAccount(APP_ID, SECRET, TOKEN, menu=MENU)
SAFE = WeChatAccount(APP_ID, SECRET, TOKEN, KEY, menu=MENU)
SEAL = Seal(TOKEN, KEY, APP_ID)
PEER = wechatpy.crypto.WeChatCrypto(TOKEN, KEY, APP_ID)


def clock() -> datetime:
    return NOW


def message(kind: str, **fields: str | int) -> bytes:
    """A message as the platform writes it."""
    return xml.write({
        "ToUserName": OURS, "FromUserName": OPENID, "CreateTime": int(NOW.timestamp()), "MsgType": kind, **fields,
    })  # fmt: skip


def text(said: str = "洗衣机不转了") -> bytes:
    return message("text", Content=said, MsgId=23456789012345678)


def event(name: str, key: str = "", **fields: str | int) -> bytes:
    return message("event", Event=name, EventKey=key, **fields)


def open_query(timestamp: str = TIMESTAMP, nonce: str = NONCE, token: str = TOKEN) -> dict[str, str]:
    return {"signature": sign(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce, "openid": OPENID}


def sealed(body: bytes, seal: Seal = SEAL, timestamp: str = TIMESTAMP) -> tuple[dict[str, str], bytes]:
    """The call of the safe mode that brings a message."""
    encrypted, signature = seal.seal(body, timestamp, NONCE)
    query = {**open_query(timestamp), "encrypt_type": "aes", "msg_signature": signature}
    return query, xml.write({"ToUserName": OURS, "Encrypt": encrypted})


def brought(body: bytes, account: WeChatAccount = PLAIN) -> Incoming:
    """What comes in when this message is brought in plain mode; the same comes in in safe mode."""
    (incoming,) = WeChatDoor(account, clock).read(open_query(), body).incoming
    (again,) = WeChatDoor(SAFE, clock).read(*sealed(body)).incoming
    assert incoming == again
    return incoming


# The door itself


def test_the_platform_hears_its_word_back() -> None:
    assert WeChatDoor(PLAIN, clock).verify({**open_query(), "echostr": "3141592653"}) == "3141592653"


def test_a_sealed_word_is_opened() -> None:
    encrypted, signature = SEAL.seal(b"3141592653", TIMESTAMP, NONCE)
    query = {"msg_signature": signature, "timestamp": TIMESTAMP, "nonce": NONCE, "echostr": encrypted}
    assert WeChatDoor(SAFE, clock).verify(query) == "3141592653"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"echostr": "1"},
        {**open_query(token="another"), "echostr": "1"},
        {**open_query(), "nonce": "other", "echostr": "1"},
        {**open_query(), "msg_signature": open_query()["signature"], "echostr": "1"},
        {**open_query(str(int(TIMESTAMP) - 301)), "echostr": "1"},
    ],
    ids=["nothing", "no signature", "another token", "another nonce", "not sealed", "old"],
)
def test_whoever_else_asks_hears_nothing(query: dict[str, str]) -> None:
    for account in (PLAIN, SAFE):
        with pytest.raises(Forged):
            WeChatDoor(account, clock).verify(query)


def test_a_text_comes_in_as_who_said_what_when() -> None:
    assert brought(text()) == Incoming(OPENID, f"m:23456789012345678:{TIMESTAMP}", "洗衣机不转了", NOW)


def test_what_the_peer_seals_comes_in() -> None:
    envelope = ElementTree.fromstring(PEER.encrypt_message(text("你好 <b>&amp;</b>").decode(), NONCE, TIMESTAMP))
    query = {**open_query(), "encrypt_type": "aes", "msg_signature": envelope.findtext("MsgSignature", "")}
    body = xml.write({"ToUserName": OURS, "Encrypt": envelope.findtext("Encrypt", "")})
    (incoming,) = WeChatDoor(SAFE, clock).read(query, body).incoming
    assert incoming.text == "你好 <b>&amp;</b>"


def test_in_compatible_mode_only_what_is_sealed_counts() -> None:
    query, body = sealed(text("真的"))
    both = body.replace(b"</xml>", text("假的").removeprefix(b"<xml>"))
    (incoming,) = WeChatDoor(SAFE, clock).read(query, both).incoming
    assert incoming.text == "真的"


def test_with_a_key_an_open_message_is_refused_however_it_is_signed() -> None:
    """The open signature does not cover the body."""
    door = WeChatDoor(SAFE, clock)
    for forged in (open_query(), {}, open_query(token="another")):
        with pytest.raises(Forged):
            door.read(forged, text())


def test_without_a_key_nothing_sealed_is_believed() -> None:
    with pytest.raises(Forged, match="EncodingAESKey"):
        WeChatDoor(PLAIN, clock).read(*sealed(text()))


def test_a_sealed_message_needs_the_signature_over_itself() -> None:
    query, body = sealed(text())
    _, other = sealed(text("别的"))
    door = WeChatDoor(SAFE, clock)
    for changed in (
        ({**query, "msg_signature": query["signature"]}, body),
        ({key: value for key, value in query.items() if key != "msg_signature"}, body),
        ({**query, "timestamp": str(int(TIMESTAMP) + 1)}, body),
        (query, other),
    ):
        with pytest.raises(Forged):
            door.read(*changed)


def test_a_message_for_another_account_is_refused() -> None:
    with pytest.raises(Forged, match="AppID"):
        WeChatDoor(SAFE, clock).read(*sealed(text(), Seal(TOKEN, KEY, "wx0000000000000000")))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_call_of_another_time_is_refused(minutes: int) -> None:
    timestamp = str(int((NOW + timedelta(minutes=minutes)).timestamp()))
    with pytest.raises(Forged, match="5 分钟"):
        WeChatDoor(SAFE, clock).read(*sealed(text(), timestamp=timestamp))
    with pytest.raises(Forged, match="5 分钟"):
        WeChatDoor(PLAIN, clock).read(open_query(timestamp), text())


def test_a_wrong_key_is_named_when_the_door_opens() -> None:
    with pytest.raises(InvalidInput, match="EncodingAESKey"):
        WeChatDoor(WeChatAccount(APP_ID, SECRET, TOKEN, "short"), clock)


def test_secrets_are_not_shown() -> None:
    assert not any(word in repr(SAFE) for word in (SECRET, TOKEN, KEY))


NAMES = (
    "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "bizmsgmenuid", "Event", "EventKey", "MediaId",
    "Recognition", "Label", "Location_X", "Location_Y", "Title", "Url", "Status",
)  # fmt: skip
BODIES = [
    b"",
    b"hello",
    b"\xff\xfe",
    b"<xml>",
    b"<xml></xml>",
    b"<xml><Encrypt/></xml>",
    b"<xml><Encrypt><a>1</a></Encrypt></xml>",
    b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>',
    b"<xml>" + b"<a>" * 20000 + b"</a>" * 20000 + b"</xml>",
    b"<xml><Content>" + b"a" * 70000 + b"</Content></xml>",
    xml.write({"FromUserName": OPENID, "MsgType": "text", "Content": "你好"}),
    xml.write({"FromUserName": OPENID, "CreateTime": "now", "MsgType": "text"}),
    xml.write({"FromUserName": OPENID, "CreateTime": "9" * 30, "MsgType": "text"}),
    xml.write({"FromUserName": OPENID, "CreateTime": TIMESTAMP}),
    xml.write({"FromUserName": "o" * 65, "CreateTime": TIMESTAMP, "MsgType": "text"}),
    xml.write({"FromUserName": "o'; --", "CreateTime": TIMESTAMP, "MsgType": "text"}),
    b"<xml><FromUserName><a>1</a></FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_what_the_platform_does_not_send_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        WeChatDoor(PLAIN, clock).read(open_query(), body)
    with pytest.raises(Unreadable):
        WeChatDoor(SAFE, clock).read(*sealed(body))
    with pytest.raises((Unreadable, Forged)):  # as if it were the sealed envelope itself
        WeChatDoor(SAFE, clock).read({**open_query(), "encrypt_type": "aes"}, body)


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=200)))
def test_whatever_the_fields_say_it_is_read_or_unreadable(fields: dict[str, str]) -> None:
    body = xml.write({"FromUserName": OPENID, "CreateTime": TIMESTAMP, "MsgType": "text", **fields})
    try:
        knock = WeChatDoor(PLAIN, clock).read(open_query(), body)
    except Unreadable:
        return
    assert len(knock.incoming[0].key) <= 100 and knock.pull is None and knock.reply is None


QUERY = ("signature", "msg_signature", "timestamp", "nonce", "encrypt_type", "echostr")


@given(st.dictionaries(st.sampled_from(QUERY), st.text(max_size=40)), st.binary(max_size=400))
def test_a_stranger_gets_nowhere(query: dict[str, str], body: bytes) -> None:
    for account in (PLAIN, SAFE):
        with pytest.raises(Forged):
            WeChatDoor(account, clock).verify(query)
        with pytest.raises((Forged, Unreadable)):
            WeChatDoor(account, clock).read(query, body)


# What customers send


def test_a_clicked_choice_names_the_button_and_opens_as_little_as_a_menu() -> None:
    clicked = brought(message("text", Content="要", MsgId=1, bizmsgmenuid="12-0"))
    assert (clicked.text, clicked.choice, clicked.did) == ("要", "12-0", Did.CLICKED)


def test_a_choice_that_is_not_ours_is_what_its_words_say() -> None:
    clicked = brought(message("text", Content="101", MsgId=1, bizmsgmenuid="101"))
    assert (clicked.text, clicked.choice, clicked.did) == ("101", "", Did.CLICKED)


@pytest.mark.parametrize(
    ("kind", "words", "type_"),
    [("image", "[图片]", "image"), ("video", "[视频]", "video"), ("shortvideo", "[视频]", "video"),
     ("voice", "[语音]", "voice")],
)  # fmt: skip
def test_a_file_says_what_it_is_and_where_it_lies(kind: str, words: str, type_: str) -> None:
    sent = brought(message(kind, MediaId="nHmjM-1", MsgId=1, PicUrl="http://mmbiz.qpic.cn/1", ThumbMediaId="thumb"))
    assert (sent.text, sent.media, sent.did) == (words, Media("nHmjM-1", type_), Did.WROTE)
    assert sent.source == {"kind": "media", "media": type_}


def test_a_voice_that_the_platform_has_understood_is_its_words_and_a_file() -> None:
    said = brought(message("voice", MediaId="nHmjM-1", Format="amr", Recognition="空调不制冷。", MsgId=1))
    assert (said.text, said.media) == ("空调不制冷。", Media("nHmjM-1", "voice"))
    assert said.source == {"kind": "voice"}


def test_a_location_is_its_address_and_where_that_is() -> None:
    where = brought(message("location", Location_X="23.134521", Location_Y="113.358803", Label="中山大道", MsgId=1))
    assert where.text == "中山大道"
    assert where.source == {"kind": "location", "label": "中山大道", "x": 23.134521, "y": 113.358803}


@pytest.mark.parametrize("x", ["", "nan", "inf", "1e400", "北"])
def test_a_location_without_a_place_is_still_said(x: str) -> None:
    where = brought(message("location", Location_X=x, Location_Y="113.3", Label="", MsgId=1))
    assert (where.text, where.source) == ("[位置]", {"kind": "location", "label": ""})


def test_a_link_is_its_title_and_address() -> None:
    link = brought(message("link", Title="同款", Description="…", Url="https://example.com/1", MsgId=1))
    assert link.text == "同款\nhttps://example.com/1"
    assert link.source == {"kind": "link", "title": "同款", "url": "https://example.com/1"}


@pytest.mark.parametrize("kind", ["file", "hologram", "image"])
def test_what_is_not_known_is_not_dropped(kind: str) -> None:
    unknown = brought(message(kind, MsgId=1))
    assert (unknown.text, unknown.did) == ("[暂不支持的消息]", Did.WROTE)
    assert unknown.source == {"kind": "unsupported", "type": kind}


# What customers do


@pytest.mark.parametrize(
    ("name", "key", "scene"),
    [("subscribe", "", ""), ("subscribe", "qrscene_store7", "store7"), ("SCAN", "store7", "store7")],
)
def test_who_follows_or_scans_comes_in_and_is_greeted(name: str, key: str, scene: str) -> None:
    came = brought(event(name, key, Ticket="gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGlu"))
    assert (came.text, came.did, came.greets) == ("", Did.CLICKED, True)
    assert came.source == {"kind": "event", "event": name, "scene": scene}


def test_who_unfollows_has_left() -> None:
    left = brought(event("unsubscribe"))
    assert (left.text, left.did, left.greets) == ("", Did.LEFT, False)


def test_a_menu_says_what_its_entry_says() -> None:
    clicked = brought(event("CLICK", "repair"))
    assert (clicked.text, clicked.did, clicked.greets) == ("我要报修", Did.CLICKED, False)
    assert clicked.source == {"kind": "menu", "key": "repair"}


def test_a_menu_entry_that_nobody_has_written_down_is_greeted() -> None:
    clicked = brought(event("CLICK", "newyear"))
    assert (clicked.text, clicked.did, clicked.greets) == ("", Did.CLICKED, True)


@pytest.mark.parametrize("name", ["scancode_push", "scancode_waitmsg"])
def test_a_scan_through_the_menu_opens_like_a_click_and_says_nothing(name: str) -> None:
    scanned = brought(event(name, "rselfmenu_0_1"))
    assert (scanned.text, scanned.did, scanned.greets) == ("", Did.CLICKED, False)


@pytest.mark.parametrize("name", ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "MASSSENDJOBFINISH", "pic_sysphoto", ""])
def test_what_changes_nothing_says_nothing(name: str) -> None:
    nothing = brought(event(name, Status="success"))
    assert (nothing.text, nothing.did, nothing.greets) == ("", Did.NOTHING, False)


def test_the_fate_of_a_template_message_is_logged_without_numbers(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        brought(event("TEMPLATESENDJOBFINISH", MsgID=200163836, Status="failed: user block 13800000001"))
    assert "failed: user block" in caplog.text and "13800000001" not in caplog.text and OPENID not in caplog.text


# Brought again


def test_the_same_brought_again_has_the_same_key_and_another_another() -> None:
    first = brought(text()).key
    assert brought(text()).key == first
    assert brought(message("text", Content="洗衣机不转了", MsgId=2)).key != first
    assert brought(event("CLICK", "repair")).key == brought(event("CLICK", "repair")).key
    assert brought(event("CLICK", "repair")).key != brought(event("CLICK", "order")).key
    assert brought(event("VIEW", "repair")).key != brought(event("CLICK", "repair")).key


def test_a_long_key_is_cut_to_fit_and_stays_its_own() -> None:
    long = [brought(event("VIEW", "https://example.com/" + "a" * 300 + end)).key for end in "bb c".replace(" ", "")]
    assert len(long[0]) <= 100
    assert long[0] == long[1] != long[2]


# Passive replies


def replied(account: WeChatAccount, query: Mapping[str, str], body: bytes, said: str) -> Any:
    knock: Knock = WeChatDoor(account, clock).read(query, body)
    assert knock.reply
    return knock.reply(said)


def test_where_answers_are_sent_nothing_is_written_into_the_reply() -> None:
    assert WeChatDoor(PLAIN, clock).read(open_query(), text()).reply is None
    assert WeChatDoor(SAFE, clock).read(*sealed(text())).reply is None


def test_a_passive_reply_goes_back_to_who_asked() -> None:
    account = WeChatAccount(APP_ID, SECRET, TOKEN, mode=PASSIVE)
    reply = wechatpy.parse_message(replied(account, open_query(), text(), "请问是什么型号？]]>"))
    assert (reply.source, reply.target, reply.type, reply.content) == (OURS, OPENID, "text", "请问是什么型号？]]>")


def test_a_passive_reply_is_sealed_where_the_call_was() -> None:
    account = WeChatAccount(APP_ID, SECRET, TOKEN, KEY, mode=PASSIVE)
    envelope = ElementTree.fromstring(replied(account, *sealed(text()), "请问是什么型号？"))
    signature, at, nonce = (envelope.findtext(name, "") for name in ("MsgSignature", "TimeStamp", "Nonce"))
    opened = PEER.decrypt_message(ElementTree.tostring(envelope), signature, at, nonce)
    assert wechatpy.parse_message(opened).content == "请问是什么型号？"


@given(st.text(min_size=1, max_size=1500))
def test_a_passive_reply_fits_and_holds_whole_characters(said: str) -> None:
    account = WeChatAccount(APP_ID, SECRET, TOKEN, mode=PASSIVE)
    written = xml.read(replied(account, open_query(), text(), said))["Content"]
    assert len(written.encode()) <= 2048


def test_an_account_that_may_not_send_counts_nothing_and_waits_to_be_asked() -> None:
    limits = WeChatAccount(APP_ID, SECRET, TOKEN, mode=PASSIVE).limits
    assert limits.passive and not limits.counts and not limits.choices and not limits.sends_files
    assert not PLAIN.limits.passive and PLAIN.limits.counts
