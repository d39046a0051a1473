"""What WeChat is promised, measured in small; `python -m bench.wechat` does it in full (W1, W2)."""

import pytest

from bench.wechat import measure_callbacks, measure_repeats, measure_week


@pytest.mark.timed
async def test_callbacks_are_answered_at_once_while_the_bot_stalls() -> None:
    found = await measure_callbacks(seconds=5)
    assert found["refused"] == 0
    assert found["p99_ms"] <= 200, found


async def test_what_is_brought_three_times_is_stored_once_and_in_order() -> None:
    found = await measure_repeats(1000)
    assert (found["calls"], found["refused"]) == (3000, 0)
    assert (found["lost"], found["doubled"], found["customers_out_of_order"]) == (0, 0, 0)


async def test_in_a_week_nothing_goes_beyond_what_wechat_allows() -> None:
    found = await measure_week(customers=60)
    assert found["beyond_quota"] == 0
    sent, said = found["sent_as_messages"], found["said_by_company"]
    assert isinstance(sent, int) and isinstance(said, int)
    assert 0 < sent < said, "sentences go together"
