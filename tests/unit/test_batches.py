"""What fails does not hold up the rest."""

import pytest

from bot.services.batches import each


def test_one_that_fails_is_logged_and_the_others_are_dealt_with(caplog: pytest.LogCaptureFixture) -> None:
    dealt_with: list[str] = []

    def deal(one: str) -> None:
        if one == "broken":
            raise ValueError("cannot be")
        dealt_with.append(one)

    assert each(["first", "broken", "last"], deal) == 2
    assert dealt_with == ["first", "last"]
    assert "broken could not be dealt with" in caplog.text
