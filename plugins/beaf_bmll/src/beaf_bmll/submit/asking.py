"""How is something asked of the vendor once, and made sure of, although any answer may be lost?

A request that changes something is made once, and whatever comes back, we look at what there is
now: an answer of 503 may follow a deed, and a deed may be listed late. Only where nothing is seen
for a while is the same asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from beaf_bmll.errors import BMLLError
from beaf_bmll.submit.clock import Clock, Deadline

# Guess: what the server has made is listed within this time, in seconds.
LISTED_WITHIN = 15.0
#: How often the same is asked for at most.
_TRIES = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_GONE = 404


class Marked(Protocol):
    """A thing of the vendor's."""

    @property
    def id(self) -> str:
        """Its name there."""


Thing = TypeVar("Thing", bound=Marked)


@dataclass(frozen=True, slots=True)
class Asking:
    """One submission's way of asking: until its time is up.

    Attributes:
        deadline: when it must have come to an end.
        notes: what happened, for people.
    """

    clock: Clock
    deadline: Deadline
    notes: list[str] = field(default_factory=list)

    def more(self, seconds: float) -> Asking:
        """Go on for some time beyond the end, if need be."""
        return replace(self, deadline=self.clock.deadline(max(seconds, self.deadline.left)))

    def make(
        self, what: str, ask: Callable[[], Thing], look: Callable[[], Sequence[Thing]]
    ) -> list[Thing]:
        """Ask for one thing, and give all that are there: one, or several where answers lied.

        Args:
            what: the thing, for people.
            ask: ask for it, once.
            look: list those that belong to this submission.

        Raises:
            BMLLError: there is none; where its `unsure` is set, one may yet appear.
        """
        doubt = False
        for attempt in range(1, _TRIES + 1):
            self.in_time(f"asking for {what}", doubt)
            try:
                made = ask()
            except BMLLError as error:
                found = self._after(error, what, look)
                if found:
                    self.notes.append(f"{what} was made although the answer was: {error.message}")
                    return found
                doubt = doubt or _may_have_acted(error)
                if attempt == _TRIES or not error.retryable or self.deadline.passed:
                    raise _failed(what, error, doubt) from error
            else:
                return self._with(made, what, look)
        raise AssertionError("the last try returns or raises")

    def seen(self, look: Callable[[], Sequence[Thing]], seconds: float) -> list[Thing]:
        """Look until something is there, or has not been there for so many seconds.

        Raises:
            BMLLError: nobody could look.
        """
        fault: BMLLError | None = None
        settled = self.clock.deadline(seconds)
        for _ in self.deadline.pauses(_FIRST_PAUSE, _LONGEST_PAUSE):
            try:
                found, fault = list(look()), None
            except BMLLError as error:
                fault = error
                if not error.retryable:
                    break
                continue
            if found or settled.passed:
                return found
        if fault:
            raise fault
        return []

    def until(self, what: str, do: Callable[[], object], done: Callable[[], bool]) -> None:
        """Do what may be done twice, until it is seen to be done.

        Raises:
            BMLLError: it is not done in time, or is refused.
        """
        fault: BMLLError | None = None
        for _ in self.deadline.pauses(_FIRST_PAUSE, _LONGEST_PAUSE):
            try:
                do()
                fault = None
            except BMLLError as error:
                fault = error
            try:
                if done():
                    return
            except BMLLError as error:
                fault = fault or error
            if fault and not (fault.retryable or fault.unsure):
                raise fault
        raise fault or BMLLError(
            f"{what}: asked for, and not done after {self.deadline.seconds:g} s",
            remedy="look again later: `beaf job status`",
            retryable=True,
            unsure=True,
        )

    def in_time(self, what: str, doubt: bool = False) -> None:
        """Go on only while there is time; `doubt`: whether what is asked for may be there.

        Raises:
            BMLLError: the time is up.
        """
        if self.deadline.passed:
            raise BMLLError(
                f"the time of {self.deadline.seconds:g} s was up before {what}",
                remedy="try again later, or raise BMLL_JOBS.submit_timeout",
                retryable=True,
                unsure=doubt,
            )

    def _after(
        self, error: BMLLError, what: str, look: Callable[[], Sequence[Thing]]
    ) -> list[Thing]:
        # A plain refusal has done nothing: one look is enough to be sure of it.
        seconds = LISTED_WITHIN if _may_have_acted(error) else 0.0
        try:
            return self.seen(look, seconds)
        except BMLLError as blind:
            if not _may_have_acted(error):
                return []
            raise BMLLError(
                f"whether {what} was made is not known: asking for it gave: {error.message}; "
                f"looking for it gave: {blind.message}",
                remedy="submit the same again, which takes over what is there, "
                "or see `beaf job doctor`",
                status=error.status,
                retryable=True,
                unsure=True,
            ) from error

    def _with(self, made: Thing, what: str, look: Callable[[], Sequence[Thing]]) -> list[Thing]:
        try:
            others = [each for each in self.seen(look, 0.0) if each.id != made.id]
        except BMLLError as error:
            self.notes.append(f"whether {what} was made twice is not known: {error.message}")
            return [made]
        return [made, *others]


def _may_have_acted(error: BMLLError) -> bool:
    # Even an answer that asks to come again later may stand behind a gateway that has retried.
    return error.unsure or error.retryable


def _failed(what: str, error: BMLLError, doubt: bool) -> BMLLError:
    seen = f"{what} could not be made, and none is listed" if doubt else f"{what} was refused"
    return BMLLError(
        f"{seen}: {error.message}",
        remedy=error.remedy,
        status=error.status,
        retryable=error.retryable,
        unsure=doubt,
    )


def none_if_gone(look: Callable[[], Sequence[Thing]]) -> list[Thing]:
    """Look for what belongs to something that may be gone by now."""
    try:
        return list(look())
    except BMLLError as error:
        if error.status == _GONE:
            return []
        raise
