"""WeChat's signatures, seals and XML, against wechatpy, which was written by others (W5)."""

import base64
import os
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
import wechatpy.crypto
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_signature

from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.crypto import Seal, check_time, is_key, sign
from bot.domain.errors import Forged, InvalidInput, Unreadable

TOKEN, APP_ID = "anfu2026", "wx4f1e0c8d9b7a6352"
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
SEAL = Seal(TOKEN, KEY, APP_ID)
PEER = wechatpy.crypto.WeChatCrypto(TOKEN, KEY, APP_ID)
TIMESTAMP, NONCE = "1764331200", "9Kd3"
HELLO = "<xml><Content><![CDATA[你好]]></Content></xml>".encode()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=700)
ANY_TEXT = st.text(max_size=80)


def peer_seals(message: str) -> tuple[str, str]:
    """What the platform would send, as the peer writes it: the sealed part, and its signature."""
    envelope = ElementTree.fromstring(PEER.encrypt_message(message, NONCE, TIMESTAMP))
    return envelope.findtext("Encrypt", ""), envelope.findtext("MsgSignature", "")


def sealed_with(plain: bytes, key: bytes = bytes(range(32))) -> str:
    """Any whole blocks, sealed as the platform seals."""
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def opened(encrypted: str) -> bytes:
    """Open it as if its signature were right."""
    return SEAL.open(encrypted, sign(TOKEN, TIMESTAMP, NONCE, encrypted), TIMESTAMP, NONCE)


@given(TEXTS)
def test_we_open_what_the_peer_seals(text: str) -> None:
    encrypted, signature = peer_seals(text)
    assert SEAL.open(encrypted, signature, TIMESTAMP, NONCE) == text.encode()


@given(TEXTS)
def test_the_peer_opens_what_we_seal(text: str) -> None:
    encrypted, signature = SEAL.seal(text.encode(), TIMESTAMP, NONCE)
    whole = xml.write({"Encrypt": encrypted})
    assert PEER.decrypt_message(whole, signature, TIMESTAMP, NONCE) == text


@given(st.binary(max_size=2000))
def test_what_we_seal_we_open(plain: bytes) -> None:
    encrypted, signature = SEAL.seal(plain, TIMESTAMP, NONCE)
    assert SEAL.open(encrypted, signature, TIMESTAMP, NONCE) == plain


@given(st.text("0123456789", min_size=1, max_size=12), st.text("abcXYZ019", max_size=16))
def test_both_sign_alike(timestamp: str, nonce: str) -> None:
    signature = sign(TOKEN, timestamp, nonce)
    check_signature(TOKEN, signature, timestamp, nonce)
    SEAL.check(signature, timestamp, nonce)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_an_invented_signature_is_refused(signature: str, timestamp: str, nonce: str) -> None:
    with pytest.raises(Forged):
        SEAL.check(signature, timestamp, nonce)
    with pytest.raises(Forged):
        SEAL.open(signature, signature, timestamp, nonce)


def test_a_signature_holds_for_its_own_message_time_and_word_only() -> None:
    encrypted, signature = peer_seals("你好")
    other, _ = peer_seals("再见")
    for changed in [
        (other, signature, TIMESTAMP, NONCE),
        (encrypted, signature, "1764331201", NONCE),
        (encrypted, signature, TIMESTAMP, "9Kd4"),
        (encrypted, signature.upper(), TIMESTAMP, NONCE),
    ]:
        with pytest.raises(Forged, match="Token"):
            SEAL.open(*changed)


def test_another_token_signs_otherwise_for_both() -> None:
    encrypted, signature = Seal("another", KEY, APP_ID).seal(HELLO, TIMESTAMP, NONCE)
    with pytest.raises(Forged, match="Token"):
        SEAL.open(encrypted, signature, TIMESTAMP, NONCE)
    with pytest.raises(InvalidSignatureException):
        PEER.decrypt_message(xml.write({"Encrypt": encrypted}), signature, TIMESTAMP, NONCE)


@pytest.mark.parametrize("owner", ["wx0000000000000000", "", APP_ID + "0", APP_ID[:-1], "x" + APP_ID])
def test_what_was_sealed_for_another_account_is_refused(owner: str) -> None:
    encrypted, signature = Seal(TOKEN, KEY, owner).seal(HELLO, TIMESTAMP, NONCE)
    with pytest.raises(Forged, match="AppID"):
        SEAL.open(encrypted, signature, TIMESTAMP, NONCE)
    with pytest.raises(InvalidAppIdException):
        PEER.decrypt_message(xml.write({"Encrypt": encrypted}), signature, TIMESTAMP, NONCE)


@given(st.integers(0, 2**32 - 1).filter(lambda length: length != 5))
def test_a_length_that_lies_is_refused(length: int) -> None:
    whole = os.urandom(16) + length.to_bytes(4, "big") + b"hello" + APP_ID.encode()
    padding = 32 - len(whole) % 32
    with pytest.raises(Forged):
        opened(sealed_with(whole + bytes([padding]) * padding))


@given(st.binary(min_size=64, max_size=64))
def test_padding_that_is_none_is_refused(noise: bytes) -> None:
    """Noise passes for padding now and then, and then for no account of ours."""
    with pytest.raises(Forged):
        opened(sealed_with(noise))


@pytest.mark.parametrize(
    "padding", [b"\0" * 32, b"!" * 33 + b"\0" * 31, b"\x20" * 31 + b"\x1f", b"\x03\x02\x03" + b" " * 29]
)
def test_bad_padding_is_refused(padding: bytes) -> None:
    whole = os.urandom(16) + b"\0\0\0\0" + APP_ID.encode()
    with pytest.raises(Forged):
        opened(sealed_with((whole + padding)[: (len(whole + padding)) // 32 * 32]))


def test_what_is_cut_off_is_refused_at_every_length() -> None:
    encrypted, _ = peer_seals("你好")
    for length in range(len(encrypted)):
        with pytest.raises(Forged):
            opened(encrypted[:length])


@pytest.mark.parametrize("encrypted", ["", "=", "你好", "a b c d", "\ud800", "A" * 64 + "\n"])
def test_what_is_no_base64_is_refused(encrypted: str) -> None:
    with pytest.raises(Forged):
        opened(encrypted)


def test_what_was_sealed_with_another_key_is_refused() -> None:
    key = base64.b64encode(bytes(range(1, 33))).decode().rstrip("=")
    encrypted, signature = Seal(TOKEN, key, APP_ID).seal(HELLO, TIMESTAMP, NONCE)
    with pytest.raises(Forged):
        SEAL.open(encrypted, signature, TIMESTAMP, NONCE)


def test_without_a_key_nothing_is_opened_or_sealed_but_signatures_are_checked() -> None:
    plain = Seal(TOKEN, "", APP_ID)
    assert not plain.is_set
    plain.check(sign(TOKEN, TIMESTAMP, NONCE), TIMESTAMP, NONCE)
    with pytest.raises(Forged, match="EncodingAESKey"):
        plain.open(*peer_seals("你好"), TIMESTAMP, NONCE)
    with pytest.raises(InvalidInput, match="EncodingAESKey"):
        plain.seal(HELLO, TIMESTAMP, NONCE)


@pytest.mark.parametrize("key", [KEY[:-1], KEY + "A", KEY[:-1] + "=", "钥" * 43])
def test_a_key_that_is_none_is_named_at_once(key: str) -> None:
    assert not is_key(key)
    with pytest.raises(InvalidInput, match="43"):
        Seal(TOKEN, key, APP_ID)


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_a_call_of_now_is_good(minutes: int) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    check_time(str(int((now + timedelta(minutes=minutes)).timestamp())), now)


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_a_call_that_was_overheard_is_worth_nothing_after_five_minutes(seconds: int) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    with pytest.raises(Forged, match="时钟"):
        check_time(str(int(now.timestamp()) + seconds), now)


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1.5", "٣", "9" * 400])
def test_a_call_without_a_time_is_none(timestamp: str) -> None:
    with pytest.raises(Forged):
        check_time(timestamp, datetime(2026, 11, 28, 12, tzinfo=UTC))


XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=300)


@given(XML_TEXT)
def test_both_read_what_we_write(text: str) -> None:
    written = xml.write({"Content": text, "CreateTime": 1764331200})
    assert xml.read(written) == {"Content": text, "CreateTime": "1764331200"}
    assert ElementTree.fromstring(written).findtext("Content") == text


@given(ANY_TEXT)
def test_whatever_is_written_can_be_read(text: str) -> None:
    assert set(xml.read(xml.write({"Content": text}))) == {"Content"}


@given(st.binary(max_size=300))
def test_noise_is_unreadable(noise: bytes) -> None:
    with pytest.raises(Unreadable):
        xml.read(noise)


def test_what_is_nested_and_what_comes_several_times_is_kept() -> None:
    body = (
        b"<xml><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item>"
        b"<item><PicMd5Sum>b</PicMd5Sum></item><item/></PicList></SendPicsInfo></xml>"
    )
    items = [{"PicMd5Sum": "a"}, {"PicMd5Sum": "b"}, ""]
    assert xml.read(body) == {"SendPicsInfo": {"Count": "2", "PicList": {"item": items}}}


def test_an_empty_message_has_no_fields() -> None:
    assert xml.read(b"<xml></xml>") == {}


ENTITY_BOMB = (
    b'<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(8))
    + b"]><xml><Content>&i;</Content></xml>"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<xml><Content>",
        b"<xml></xml><xml></xml>",
        b"<html><Content>1</Content></html>",
        b"<xml>\x00</xml>",
        b"<xml>\xff\xfe</xml>",
        b'<?xml version="1.0" encoding="no-such"?><xml/>',
        b'<?xml version="1.0" encoding="gbk"?><xml/>',
        b"<xml>&unknown;</xml>",
        b"<!DOCTYPE xml><xml/>",
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/evil.dtd"><xml/>',
        b'<!DOCTYPE xml [<!ENTITY file SYSTEM "file:///etc/passwd">]><xml><Content>&file;</Content></xml>',
        b'<!DOCTYPE xml [<!ENTITY % all SYSTEM "http://127.0.0.1:9/">%all;]><xml/>',
        ENTITY_BOMB,
        b"<xml>" + b"<a>" * 8 + b"</a>" * 8 + b"</xml>",
        b"<xml>" + b"<a>" * 9000 + b"</a>" * 9000 + b"</xml>",
        b"<xml><Content>" + b"a" * (5 * 1024 * 1024) + b"</Content></xml>",
    ],
    ids=[
        "nothing", "words", "cut off", "two roots", "a page", "zero", "no utf-8", "no encoding", "two-byte encoding",
        "entity", "dtd", "dtd from elsewhere", "file", "parameter entity", "entity bomb", "too deep", "depth bomb",
        "5 MB",
    ],
)  # fmt: skip
def test_what_wechat_does_not_send_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        xml.read(body)


def test_seven_levels_are_read() -> None:
    assert xml.read(b"<xml>" + b"<a>" * 7 + b"</a>" * 7 + b"</xml>")
