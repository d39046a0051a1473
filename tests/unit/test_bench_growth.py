"""What the growth table calls flat."""

from bench.growth_report import is_flat, report

FOUND = {
    "at": "2026-11-28T12:00+00:00", "machine": "2 cores",
    "conversations": {
        "sqlite": {
            "1000": {"open a conversation": 5.0, "a scan": 4.0},
            "10000": {"open a conversation": 6.0, "a scan": 40.0},
        }
    },
}  # fmt: skip


def test_what_costs_no_more_than_twice_as_much_is_flat() -> None:
    assert is_flat([10.0, 12.0, 19.0])
    assert not is_flat([10.0, 12.0, 21.0])


def test_what_takes_next_to_nothing_is_flat() -> None:
    assert is_flat([0.1, 2.5])


def test_the_table_tells_what_grows_and_by_how_much() -> None:
    text = report(FOUND)
    assert "| open a conversation | 5.0 | 6.0 | flat |" in text
    assert "| a scan | 4.0 | 40.0 | **× 10.0** |" in text
