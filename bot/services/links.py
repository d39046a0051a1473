"""Signed links for those without an account: a customer signs, a department acknowledges (C5-C7, invariant 10)."""

from datetime import datetime, timedelta
from typing import Any, Literal

import jwt

from bot.domain.errors import NotAllowed, NotFound

Purpose = Literal["agreement", "task", "followup", "file", "binding"]

PATHS: dict[Purpose, str] = {"agreement": "/a/", "task": "/t/", "followup": "/f/", "file": "/d/", "binding": "/b/"}
"""Under which path of the gateway each purpose's token stands."""
_ALGORITHM = "HS256"


class Links:
    """Makes links that open one thing for one purpose for some days, and reads them."""

    def __init__(self, secret: str, public_url: str) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")

    def make(self, purpose: Purpose, id: str, now: datetime, days: float) -> str:
        """The whole address to hand out."""
        ends = int((now + timedelta(days=days)).timestamp())
        token = jwt.encode({"sub": id, "aud": purpose, "exp": ends}, self._secret, algorithm=_ALGORITHM)
        return f"{self._public_url}{PATHS[purpose]}{token}"

    def read(self, purpose: Purpose, token: str, now: datetime) -> str:
        """The id of what a token opens.

        Raises:
            NotFound: we did not make it, or made it for something else.
            NotAllowed: it has expired.
        """
        # Expiry is compared with the given time; jwt would take the machine's.
        options: Any = {"require": ["sub", "aud", "exp"], "verify_exp": False}
        try:
            claims = jwt.decode(token, self._secret, algorithms=[_ALGORITHM], audience=purpose, options=options)
        except (jwt.PyJWTError, ValueError):
            raise NotFound("链接不正确，请完整复制收到的链接，或联系客服重新发送") from None
        if claims["exp"] <= now.timestamp():
            raise NotAllowed("链接已过期，请联系客服重新发送")
        return str(claims["sub"])
