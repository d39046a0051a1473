"""Who may do what (A6, F9), and a trail of changes that cannot be altered unseen (D6)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.actor import BOT, CUSTOMER, LEVEL_NAMES, LEVELS, SYSTEM, Actor, Role, next_level
from bot.domain.audit import FIRST, Change, Entry, differences, first_broken, link
from bot.domain.dates import SHANGHAI

NOON = datetime(2026, 11, 26, 4, tzinfo=UTC)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("role", LEVELS)
def test_a_level_reaches_itself_and_those_below(role: Role, level: Role) -> None:
    """A6."""
    assert Actor("张三", role).reaches(level) == (LEVELS.index(role) >= LEVELS.index(level))


@pytest.mark.parametrize("role", sorted(set(Role) - set(LEVELS)))
def test_whoever_stands_outside_the_levels_decides_nothing(role: Role) -> None:
    """F9: neither the bot nor an administrator grants anything."""
    assert not any(Actor("某人", role).reaches(level) for level in LEVELS)


def test_people_of_the_company_are_staff_and_nobody_else() -> None:
    staff = {role for role in Role if Actor("某人", role).is_staff}
    assert staff == {Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.ADMIN}
    assert not any(actor.is_staff for actor in (CUSTOMER, BOT, SYSTEM))


def test_a_matter_rises_step_by_step_and_stays_with_the_manager() -> None:
    """A6."""
    assert [next_level(level) for level in LEVELS] == [Role.SUPERVISOR, Role.MANAGER, Role.MANAGER]


def test_every_level_has_a_name_that_people_use() -> None:
    assert set(LEVEL_NAMES) == set(LEVELS)
    assert not any(name.isascii() for name in LEVEL_NAMES.values())


values = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
states = st.dictionaries(st.sampled_from(["state", "step", "phone", "level"]), values, max_size=4)
changes = st.builds(
    Change,
    at=st.integers(0, 10**9).map(lambda n: NOON + timedelta(microseconds=n)),
    actor=st.sampled_from(["张三", "李四", "system"]),
    subject=st.sampled_from(["ticket:TS20261126-0001", "approval:1"]),
    action=st.sampled_from(["add", "change"]),
    reason=st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    before=states,
    after=states,
)
histories = st.lists(changes, min_size=1, max_size=8)


def chained(history: list[Change]) -> list[Entry]:
    entries: list[Entry] = []
    for seq, change in enumerate(history, start=1):
        entries.append(link(seq, entries[-1].hash if entries else FIRST, change))
    return entries


def head(entries: list[Entry]) -> tuple[int, str]:
    return (entries[-1].seq, entries[-1].hash) if entries else (0, FIRST)


@given(histories)
def test_an_untouched_trail_holds(history: list[Change]) -> None:
    """D6."""
    entries = chained(history)
    assert first_broken(entries) is None
    assert first_broken(entries, head=head(entries)) is None


@given(histories, st.data())
def test_a_trail_may_be_checked_from_any_entry_on(history: list[Change], data: st.DataObject) -> None:
    entries = chained(history)
    start = data.draw(st.integers(0, len(entries)))
    seq, previous = head(entries[:start])
    assert first_broken(entries[start:], previous, seq, head(entries)) is None


@given(histories, st.data())
def test_any_changed_word_is_found_where_it_stands(history: list[Change], data: st.DataObject) -> None:
    """D6."""
    entries = chained(history)
    place = data.draw(st.integers(0, len(entries) - 1))
    entry = entries[place]
    told = entry.change
    altered = data.draw(
        st.sampled_from(
            [
                replace(entry, change=replace(told, at=told.at + timedelta(microseconds=1))),
                replace(entry, change=replace(told, actor=told.actor + "x")),
                replace(entry, change=replace(told, subject=told.subject + "x")),
                replace(entry, change=replace(told, action=told.action + "x")),
                replace(entry, change=replace(told, reason=told.reason + "x")),
                replace(entry, change=replace(told, before={**told.before, "amount_fen": 1})),
                replace(entry, change=replace(told, after={**told.after, "amount_fen": 1})),
                replace(entry, seq=entry.seq + 1),
                replace(entry, previous="f" * 64),
                replace(entry, hash="f" * 64),
            ]
        )
    )
    assert first_broken([*entries[:place], altered, *entries[place + 1 :]]) == place + 1


@given(histories, st.data())
def test_whoever_alters_an_entry_has_to_alter_all_that_follow(history: list[Change], data: st.DataObject) -> None:
    """D6: even with a fresh hash of its own, an altered entry breaks the chain at the next one, or at the head."""
    entries = chained(history)
    place = data.draw(st.integers(0, len(entries) - 1))
    old = entries[place]
    forged = link(old.seq, old.previous, replace(old.change, reason=old.change.reason + "x"))
    trail = [*entries[:place], forged, *entries[place + 1 :]]
    assert first_broken(trail, head=head(entries)) == place + 2


@given(histories, st.data())
def test_a_removed_entry_is_found(history: list[Change], data: st.DataObject) -> None:
    """D6: at the end too, where the head is kept apart."""
    entries = chained(history)
    place = data.draw(st.integers(0, len(entries) - 1))
    rest = [*entries[:place], *entries[place + 1 :]]
    assert first_broken(rest, head=head(entries)) == place + 1


@given(histories, changes, st.data())
def test_an_inserted_entry_is_found(history: list[Change], stranger: Change, data: st.DataObject) -> None:
    """D6: however well it is linked to the one before."""
    entries = chained(history)
    place = data.draw(st.integers(0, len(entries)))
    seq, previous = head(entries[:place])
    trail = [*entries[:place], link(seq + 1, previous, stranger), *entries[place:]]
    assert first_broken(trail, head=head(entries)) in (place + 1, place + 2)


@given(st.lists(changes, min_size=2, max_size=8), st.data())
def test_swapped_entries_are_found_at_the_first_of_them(history: list[Change], data: st.DataObject) -> None:
    """D6."""
    entries = chained(history)
    one, other = sorted(data.draw(st.sets(st.integers(0, len(entries) - 1), min_size=2, max_size=2)))
    entries[one], entries[other] = entries[other], entries[one]
    assert first_broken(entries) == one + 1


@given(changes)
def test_the_same_moment_in_another_zone_is_the_same_entry(change: Change) -> None:
    """Invariant 8: a database may give a moment back in another zone."""
    elsewhere = replace(change, at=change.at.astimezone(SHANGHAI))
    assert link(1, FIRST, change).hash == link(1, FIRST, elsewhere).hash


@given(states, states)
def test_differences_are_just_what_two_states_do_not_share(before: dict[str, Any], after: dict[str, Any]) -> None:
    was, became = differences(before, after)
    assert was.items() <= before.items() and became.items() <= after.items()
    for name in {*before, *after}:
        assert (name in was or name in became) == (before.get(name) != after.get(name))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"a": 1}, {"a": 1}, ({}, {})),
        ({"a": 1}, {"a": 2, "b": 3}, ({"a": 1}, {"a": 2, "b": 3})),
        ({"a": 1, "b": 2}, {"b": 2}, ({"a": 1}, {})),
    ],
)
def test_what_was_added_or_taken_away_differs_too(
    before: Mapping[str, int], after: Mapping[str, int], told: tuple[dict, dict]
) -> None:
    assert differences(before, after) == told
