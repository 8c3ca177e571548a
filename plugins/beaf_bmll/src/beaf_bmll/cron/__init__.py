"""Crons on BMLL: what they say, when they are due, and what the vendor is told of them."""

from beaf_bmll.cron.convert import from_bmll, to_bmll
from beaf_bmll.cron.days import day_of, is_relative, on_days
from beaf_bmll.cron.expression import Cron, is_six, parse
from beaf_bmll.cron.guard import Verdict, due_key, guard
from beaf_bmll.cron.times import last_time, next_times
from beaf_bmll.cron.zones import zone

__all__ = [
    "Cron",
    "Verdict",
    "day_of",
    "due_key",
    "from_bmll",
    "guard",
    "is_relative",
    "is_six",
    "last_time",
    "next_times",
    "on_days",
    "parse",
    "to_bmll",
    "zone",
]
