"""Calendar months as people in Shanghai count them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from bot.domain.dates import SHANGHAI, as_utc, local_day
from bot.domain.errors import InvalidInput


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in Shanghai; `moment in month` asks whether an aware moment falls into it."""

    year: int
    number: int

    @staticmethod
    def read(text: str) -> "Month":
        """From `2026-11`.

        Raises:
            InvalidInput: that is no month.
        """
        year, dash, number = text.strip().partition("-")
        digits = year.isascii() and year.isdigit() and number.isascii() and number.isdigit()
        if not (
            dash and digits and len(year) == 4 and int(year) >= 2000 and len(number) <= 2 and 1 <= int(number) <= 12
        ):
            raise InvalidInput(f"月份“{text}”应写成 2026-11 的样子")
        return Month(int(year), int(number))

    @staticmethod
    def of(moment: datetime) -> "Month":
        """The one into which an aware moment falls."""
        day = local_day(moment)
        return Month(day.year, day.month)

    @cached_property
    def begin(self) -> datetime:
        """Its first moment, aware UTC."""
        return as_utc(datetime(self.year, self.number, 1, tzinfo=SHANGHAI))

    @cached_property
    def end(self) -> datetime:
        """The first moment after it, aware UTC."""
        return self.after.begin

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month(self.year, self.number - 1) if self.number > 1 else Month(self.year - 1, 12)

    @property
    def after(self) -> "Month":
        """The next month."""
        return Month(self.year, self.number + 1) if self.number < 12 else Month(self.year + 1, 1)

    @property
    def days(self) -> list[date]:
        """Its days."""
        first = date(self.year, self.number, 1)
        return [first + timedelta(days=n) for n in range((self.end - self.begin).days)]

    def __contains__(self, moment: datetime | None) -> bool:
        return moment is not None and self.begin <= moment < self.end

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"
