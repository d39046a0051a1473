"""What every channel keeps to: nothing raised, nothing called sent that was not, nothing twice, no secret told (W2)."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.uow import UnitsOfWork, open_database
from bot.domain.errors import ChannelFailure, MediaGone
from bot.domain.incoming import Media
from bot.domain.message import Button
from bot.services.ports.channels import SENT, Envelope, Outcome
from tests.channels.contestants import CONTESTANTS, JPEG, Contestant, Needs
from tests.integration.fixtures_database import KEYS, Clock

NOT_TAKEN = (Outcome.LATER, Outcome.UNKNOWN)


@pytest.fixture(params=list(CONTESTANTS))
async def stand(
    request: pytest.FixtureRequest, clock: Clock, tmp_path: Path, migrated_file: Path
) -> AsyncIterator[Contestant]:
    path = tmp_path / "anfu.db"
    shutil.copy(migrated_file, path)
    engine = open_database(f"sqlite:///{path}", KEYS)
    async with CONTESTANTS[request.param](Needs(UnitsOfWork(engine), clock, tmp_path)) as contestant:
        yield contestant
    engine.dispose()


def letter(stand: Contestant, text: str = "您好，洗衣机已经修好了😊", number: int = 1) -> Envelope:
    return Envelope(f"0123456789abcdef-{number}-0", stand.customer, stand.customer, text)


async def test_what_is_called_sent_is_with_the_customer(stand: Contestant) -> None:
    assert await stand.channel.send(letter(stand)) == SENT
    assert stand.times_seen(letter(stand)) == 1


async def test_a_text_as_long_as_the_channel_says_arrives_whole(stand: Contestant) -> None:
    most = stand.channel.limits.text_bytes or 6000
    long = letter(stand, "好" * (most // 3))
    assert await stand.channel.send(long) == SENT
    assert stand.times_seen(long) == 1


async def test_buttons_go_with_the_text_up_to_as_many_as_the_channel_says(stand: Contestant) -> None:
    buttons = tuple(Button(f"第{n}项", f"选{n}") for n in range(stand.channel.limits.choices))
    asked = replace(letter(stand, "您要办哪一项？"), buttons=buttons, choice_seq=7)
    assert await stand.channel.send(asked) == SENT
    assert stand.times_seen(asked) == 1


async def test_where_the_channel_says_so_the_same_message_again_arrives_once(stand: Contestant) -> None:
    if not stand.channel.limits.repeats:
        pytest.skip("the platform does not know a message again")
    assert await stand.channel.send(letter(stand)) == SENT
    assert await stand.channel.send(letter(stand)) == SENT
    assert stand.times_seen(letter(stand)) == 1


async def test_nothing_goes_beyond_what_the_channel_says_the_platform_allows(stand: Contestant) -> None:
    limits = stand.channel.limits
    if not limits.counts:
        pytest.skip("nothing is counted here")
    most = max(grant.most for grant in limits.grants.values())
    assert limits.reserve < min(grant.most for grant in limits.grants.values())
    outcomes = [(await stand.channel.send(letter(stand, f"第{n}条", n))).outcome for n in range(most + 1)]
    assert outcomes == [Outcome.SENT] * most + [Outcome.CLOSED]
    assert stand.times_seen(letter(stand, f"第{most}条", most)) == 0
    await stand.write()
    assert await stand.channel.send(letter(stand, "又能发了", 99)) == SENT


async def test_a_platform_that_is_down_is_never_called_sent_and_raises_nothing(stand: Contestant) -> None:
    stand.break_down()
    receipt = await stand.channel.send(letter(stand))
    await stand.channel.show_typing(stand.customer)
    assert receipt.outcome in NOT_TAKEN or stand.times_seen(letter(stand)) == 1
    assert (receipt.outcome is Outcome.SENT) == (receipt.reason == "")


async def test_a_platform_that_talks_nonsense_is_never_called_sent(stand: Contestant) -> None:
    stand.talk_nonsense()
    receipt = await stand.channel.send(letter(stand))
    assert receipt.outcome in NOT_TAKEN or stand.times_seen(letter(stand)) == 1


async def test_what_nobody_answered_for_is_not_called_later_where_it_would_arrive_twice(stand: Contestant) -> None:
    stand.lose_answers()
    receipt = await stand.channel.send(letter(stand))
    if stand.times_seen(letter(stand)):
        assert receipt.outcome is not Outcome.LATER or stand.channel.limits.repeats


async def test_no_reason_tells_a_secret(stand: Contestant) -> None:
    reasons = []
    for fault in (stand.lose_answers, stand.talk_nonsense, stand.break_down):
        fault()
        reasons.append((await stand.channel.send(letter(stand))).reason)
    reasons += [check.detail for check in await stand.channel.check()]
    assert not [secret for secret in stand.secrets if secret in " ".join(reasons)]
    assert not [secret for secret in stand.secrets if secret in repr(stand.channel.__dict__)]


async def test_a_customers_file_is_fetched_whole(stand: Contestant) -> None:
    media = await stand.lay_down(JPEG)
    if media is None:
        pytest.skip("files come with their messages")
    assert b"".join([piece async for piece in stand.channel.fetch(media)]) == JPEG


async def test_a_file_that_is_not_there_is_said_to_be_gone(stand: Contestant) -> None:
    with pytest.raises(MediaGone):
        _ = [piece async for piece in stand.channel.fetch(Media("nothing-of-ours", "image"))]


async def test_a_file_of_a_platform_that_is_down_is_tried_again_later(stand: Contestant) -> None:
    media = await stand.lay_down(JPEG)
    if media is None:
        pytest.skip("files come with their messages")
    stand.break_down()
    with pytest.raises(ChannelFailure):
        _ = [piece async for piece in stand.channel.fetch(media)]


async def test_the_check_says_what_it_looked_at_and_what_to_do(stand: Contestant) -> None:
    stand.break_down()
    checks = await stand.channel.check()
    assert checks
    assert all(check.is_good or check.detail for check in checks)
