"""Sealing what tells of a person before it reaches the disk, and finding it again without opening it (E10).

A sealed value says which key opens it, so that an old key goes on opening what it has sealed. What is looked for, such
as a phone number, is found by its mark: a keyed digest that no one can compute who does not have the keys.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.domain.errors import AnfuError

PREFIX = "$a1$"
"""How a sealed value begins: AES-256-GCM, first form."""
LEAST_KEY_CHARS = 32
_ID, _NONCE = 3, 12
_STAMP_CHARS = len(PREFIX) + 4
"""Prefix and the key's name: three bytes are four characters."""


class NoKey(AnfuError):
    """What is stored cannot be opened here; the message says what to do."""

    code = "no_key"


class Keyring:
    """The keys that open what is stored; the first one seals."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys as they are written in ANFU_DATA_KEYS.

        Raises:
            NoKey: there is none, or one is too short to be one.
        """
        if not keys or any(len(key) < LEAST_KEY_CHARS for key in keys):
            raise NoKey(f"数据密钥每把至少 {LEAST_KEY_CHARS} 个字符，用 anfu keys new 生成，写在 ANFU_DATA_KEYS 里")
        raw = [hashlib.sha256(b"anfu data key\n" + key.encode()).digest() for key in keys]
        self._raw = raw[0]
        self._ciphers = {hashlib.sha256(key).digest()[:_ID]: AESGCM(key) for key in raw}
        self._newest, self._cipher = next(iter(self._ciphers.items()))

    @property
    def newest(self) -> str:
        """How what the newest key has sealed begins."""
        return self.stamp(self._newest)

    def seal(self, plain: bytes, same: bool = False) -> bytes:
        """Seal bytes.

        Args:
            same: the same bytes become the same sealed ones, for columns whose values are unique.
        """
        nonce = hmac.digest(self._raw, plain, "sha256")[:_NONCE] if same else os.urandom(_NONCE)
        return self._newest + nonce + self._cipher.encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes:
        """Open what `seal` has sealed.

        Raises:
            NoKey: the key is not here, or the value was changed.
        """
        cipher = self._ciphers.get(sealed[:_ID])
        if cipher is None:
            raise NoKey(
                "数据库里的个人信息是用另一把密钥加密的：请把原来的密钥加进 ANFU_DATA_KEYS（逗号分隔，新的在前），"
                "或把数据目录里原来的 data_keys 文件放回来"
            )
        try:
            return cipher.decrypt(sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :], None)
        except InvalidTag:
            raise NoKey("数据库里有一项加密内容被改动过，打不开：请从备份恢复（anfu restore）") from None

    @staticmethod
    def stamp(sealed: bytes) -> str:
        """Prefix and key of sealed bytes, as a sealed text begins with them."""
        return PREFIX + base64.urlsafe_b64encode(sealed[:_ID]).decode()

    def seal_text(self, plain: str, same: bool = False) -> str:
        """Seal a text."""
        return PREFIX + base64.urlsafe_b64encode(self.seal(plain.encode(), same)).decode()

    def open_text(self, sealed: str) -> str:
        """Open a sealed text."""
        return self.open(base64.urlsafe_b64decode(sealed[len(PREFIX) :])).decode()


class Marks:
    """By what sealed values are found: digests under a key that stays when the others change."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, value: str, chars: int) -> str:
        """The mark of a value, hexadecimal; marks of two kinds have nothing in common."""
        return hmac.digest(self._key, f"{kind}\n{value}".encode(), "sha256").hex()[:chars]


def stamp(sealed: str) -> str:
    """Prefix and key of a sealed text; empty where it is not sealed."""
    return sealed[:_STAMP_CHARS] if sealed.startswith(PREFIX) else ""
