"""How WeChat signs its calls, and what is sealed in them (W5); the same for 公众号 and for 微信客服."""

import base64
import binascii
import hashlib
import hmac
import os
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.domain.errors import Forged, InvalidInput

FRESH_FOR = timedelta(minutes=5)
"""How far a call's time may be from ours: one that was overheard is worth nothing later."""
KEY_CHARS = 43
"""Length of an EncodingAESKey."""
_CIPHER_BLOCK = 16
_PADDED_TO = 32
_RANDOM = 16
_LENGTH = 4


def sign(*parts: str) -> str:
    """The platform's signature of these words, in whatever order."""
    return hashlib.sha1(b"".join(sorted(map(_bytes, parts)))).hexdigest()


def check_time(timestamp: str, now: datetime) -> None:
    """Make sure that a call is of now.

    Raises:
        Forged: it is more than five minutes old, or early, or says no time.
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise Forged("请求没有写明时间，不是微信发来的")
    if abs(now.timestamp() - int(timestamp)) > FRESH_FOR.total_seconds():
        raise Forged("请求的时间与本机相差超过 5 分钟：如果确实是微信发来的，请校准本机的时钟")


class Seal:
    """The secrets that an account shares with the platform."""

    def __init__(self, token: str, aes_key: str, owner_id: str) -> None:
        """Keep the secrets.

        Args:
            token: what calls are signed with.
            aes_key: the EncodingAESKey; empty where nothing is sealed.
            owner_id: whose the sealed messages are: the AppID, or the CorpID.

        Raises:
            InvalidInput: it is no EncodingAESKey.
        """
        self._token = token
        self._owner_id = owner_id.encode()
        self._key = _key(aes_key)

    @property
    def is_set(self) -> bool:
        """Whether there is a key to seal with."""
        return bool(self._key)

    def check(self, signature: str, timestamp: str, nonce: str) -> None:
        """Make sure that an open call is the platform's.

        Raises:
            Forged: the signature is another.
        """
        self._compare(signature, timestamp, nonce)

    def open(self, encrypted: str, msg_signature: str, timestamp: str, nonce: str) -> bytes:
        """What was sealed for us.

        Raises:
            Forged: the signature is another, it was sealed for somebody else or with another key, or is not whole.
        """
        if not self._key:
            raise Forged("收到加密的消息，但没有设置 EncodingAESKey：请按公众平台上的填写")
        self._compare(msg_signature, timestamp, nonce, encrypted)
        plain = self._decrypt(encrypted)[_RANDOM:]
        length = int.from_bytes(plain[:_LENGTH], "big")
        message, owner_id = plain[_LENGTH : _LENGTH + length], plain[_LENGTH + length :]
        if len(message) != length or not hmac.compare_digest(owner_id, self._owner_id):
            raise Forged("加密的消息不是发给这个账号的：请核对 AppID（企业微信是 CorpID）")
        return message

    def seal(self, plain: bytes, timestamp: str, nonce: str) -> tuple[str, str]:
        """What only the platform can read, and its signature.

        Raises:
            InvalidInput: there is no key.
        """
        if not self._key:
            raise InvalidInput("没有设置 EncodingAESKey，不能加密")
        whole = os.urandom(_RANDOM) + len(plain).to_bytes(_LENGTH, "big") + plain + self._owner_id
        padding = _PADDED_TO - len(whole) % _PADDED_TO
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(whole + bytes([padding]) * padding) + encryptor.finalize()
        encrypted = base64.b64encode(sealed).decode()
        return encrypted, sign(self._token, timestamp, nonce, encrypted)

    def _compare(self, signature: str, *parts: str) -> None:
        if not hmac.compare_digest(_bytes(sign(self._token, *parts)), _bytes(signature)):
            raise Forged("签名不对：请核对服务器配置里的 Token；也可能是有人冒充微信")

    def _decrypt(self, encrypted: str) -> bytes:
        """Without the padding.

        Raises:
            Forged: it is not whole, or was sealed with another key.
        """
        try:
            sealed = base64.b64decode(_bytes(encrypted), validate=True)
        except binascii.Error:
            sealed = b""
        if not sealed or len(sealed) % _CIPHER_BLOCK:
            raise Forged("加密的消息不完整")
        decryptor = self._cipher().decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        padding = padded[-1]
        if not 1 <= padding <= _PADDED_TO or padded[-padding:] != bytes([padding]) * padding:
            raise Forged("加密的消息打不开：请核对 EncodingAESKey")
        return padded[:-padding]

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES(self._key), CBC(self._key[:_CIPHER_BLOCK]))


def is_key(aes_key: str) -> bool:
    """Whether it can be an EncodingAESKey."""
    return len(aes_key) == KEY_CHARS and aes_key.isascii() and aes_key.isalnum()


def _key(aes_key: str) -> bytes:
    if not aes_key:
        return b""
    if not is_key(aes_key):
        raise InvalidInput(
            f"EncodingAESKey（ANFU_WECHAT_AES_KEY、ANFU_KF_AES_KEY）应是 {KEY_CHARS} 个字母和数字，"
            "请从平台的服务器配置里完整复制"
        )
    return base64.b64decode(aes_key + "=")


def _bytes(words: str) -> bytes:
    """Words of a stranger's call, which may hold half characters."""
    return words.encode(errors="replace")
