"""Time-based one-time codes (RFC 6238) with secrets sealed at rest."""

import base64
import hashlib
from datetime import datetime

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken

from bot.services.ports import Invitation

STEP_SECONDS = 30
_CLOCK_DRIFT_STEPS = (0, -1, 1)
"""A phone's clock may be half a minute off."""


class Totp:
    """Implements `ports.SecondFactor`."""

    def __init__(self, secret: str) -> None:
        """The key that seals is derived from the secret that signs tokens; with another secret, codes no longer fit."""
        key = hashlib.sha256(b"anfu second factor\0" + secret.encode()).digest()
        self._seal = Fernet(base64.urlsafe_b64encode(key))

    def new_secret(self) -> str:
        """A new secret, sealed."""
        return self._seal.encrypt(pyotp.random_base32().encode()).decode()

    def invitation(self, sealed: str, name: str) -> Invitation:
        """What an authenticator app needs."""
        secret = self._open(sealed)
        uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="安服")
        rows = segno.make(uri, error="m", micro=False).matrix_iter(border=4)
        return Invitation(secret, uri, tuple("".join("1" if dark else "0" for dark in row) for row in rows))

    def step(self, sealed: str, code: str, now: datetime) -> int | None:
        """The time step of a right code, or None; half a minute early or late is right too."""
        try:
            totp = pyotp.TOTP(self._open(sealed))
        except InvalidToken:
            return None  # sealed with another ANFU_SECRET: no code fits until an administrator resets it
        present = int(now.timestamp()) // STEP_SECONDS
        typed = "".join(code.split())
        return next(
            (present + drift for drift in _CLOCK_DRIFT_STEPS
             if pyotp.utils.strings_equal(totp.generate_otp(present + drift), typed)),
            None,
        )  # fmt: skip

    def _open(self, sealed: str) -> str:
        return self._seal.decrypt(sealed.encode()).decode()
