"""Who holds a conversation (F1-F7, invariant 2)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.conversation import Conversation, Owner

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)


def conversation() -> Conversation:
    return Conversation("c1", "web", "x", NOON)


@given(st.lists(st.sampled_from(["queue", "return"]), max_size=12))
def test_the_epoch_rises_by_one_with_each_change_of_owner(steps: list[str]) -> None:
    """Invariant 2: a reply of an older epoch never speaks."""
    current = conversation()
    for step in steps:
        before = current
        current = current.queue_for_human("asked", NOON) if step == "queue" else current.return_to_bot(NOON)
        if current.owner is not before.owner:
            assert current.epoch == before.epoch + 1
        assert current.epoch >= before.epoch
        assert (current.queued_at is not None) == (current.owner is Owner.QUEUED)


def test_asking_again_for_a_person_keeps_the_place_in_the_queue() -> None:
    """F5."""
    queued = conversation().queue_for_human("asked", NOON)
    assert (queued.owner, queued.epoch, queued.queued_at, queued.handover_reason) == (Owner.QUEUED, 1, NOON, "asked")
    assert queued.queue_for_human("angry", NOON + timedelta(hours=1)) is queued


def test_returning_to_the_bot_leaves_the_queue() -> None:
    """F7."""
    back = conversation().queue_for_human("asked", NOON).return_to_bot(NOON)
    assert (back.owner, back.epoch, back.queued_at, back.handover_reason) == (Owner.BOT, 2, None, None)
