"""Cycles: the periods of scenario instances with a frequency."""

from __future__ import annotations

import datetime as dt
import re

from taipy_exec.api.entity import Entity, utc
from taipy_exec.api.service import Service
from taipy_exec.config.typed_text import Frequency
from taipy_exec.store.rows import CycleRow

_ID = re.compile(r"CYCLE_([A-Z]+)_(\d{4}-\d\d-\d\d)")
_NAMES = {
    Frequency.DAILY: "%A, %d. %B %Y",
    Frequency.WEEKLY: "Week %W %Y, from %d. %B",
    Frequency.MONTHLY: "%B %Y",
    Frequency.YEARLY: "%Y",
}
_MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3, Frequency.YEARLY: 12}


class Cycle(Entity):
    """A day, week, month, quarter or year with scenario instances; its id contains the period."""

    group = "cycle"

    def __init__(self, row: CycleRow) -> None:
        self._row = row
        self.id = row.id
        self.frequency, self._first_day = period(row.id)

    def _now(self) -> CycleRow:
        """The stored record; the last known one if the cycle was deleted."""
        self._row = Service.latest().store.cycle(self.id) or self._row
        return self._row

    @property
    def name(self) -> str:
        """The given name, or the name of the period, such as `May 2024`."""
        return self._now().name or _name(self.frequency, self._first_day)

    @name.setter
    def name(self, value: str | None) -> None:
        self._do(lambda: Service.latest().store.rename_cycle(self.id, value))

    @property
    def creation_date(self) -> dt.datetime | None:
        """When its first scenario was created, in UTC."""
        return utc(self._row.created_at)

    @property
    def start_date(self) -> dt.datetime:
        """Its first moment, in the time zone of this machine."""
        return dt.datetime.combine(self._first_day, dt.time()).astimezone()

    @property
    def end_date(self) -> dt.datetime:
        """Its last microsecond, in the time zone of this machine."""
        following = dt.datetime.combine(_day_after(self.frequency, self._first_day), dt.time())
        return (following - dt.timedelta(microseconds=1)).astimezone()

    @property
    def _property_owner(self) -> str:
        return self.id


def period(id: str) -> tuple[Frequency, dt.date]:
    """The frequency and the first day of the cycle with this id (see `data.node.cycle_id`)."""
    found = _ID.fullmatch(id)
    assert found is not None, id
    return Frequency[found[1]], dt.date.fromisoformat(found[2])


def _day_after(frequency: Frequency, first: dt.date) -> dt.date:
    """The first day of the next period."""
    if frequency not in _MONTHS:
        return first + dt.timedelta(days=1 if frequency is Frequency.DAILY else 7)
    month = first.month - 1 + _MONTHS[frequency]
    return first.replace(year=first.year + month // 12, month=month % 12 + 1)


def _name(frequency: Frequency, first: dt.date) -> str:
    if frequency is Frequency.QUARTERLY:
        return f"{first.year} Q{(first.month - 1) // 3 + 1}"
    return first.strftime(_NAMES[frequency])
