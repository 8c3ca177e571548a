"""What is guessed of the real servers, and how would it be otherwise?

The vendor's package does not tell how its servers behave in all. Where we had to guess, and where
code of ours could notice, the guess is a switch: `Emulator(folder, guesses=Guesses(…))`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Guesses:
    """How the emulated servers behave where nobody knows how the real ones do."""

    # Guess: the states in which a run ends; the package names active ones only.
    completed: str = "completed"
    failed: str = "failed"
    terminated: str = "terminated"
    timed_out: str = "timed_out"
    # Guess: parameters that a run is given take the place of its job's; else they go over them.
    merge_parameters: bool = False
    # Guess: two jobs may share a name; else the second is refused.
    unique_names: bool = False
    # Guess: a run is told without the job that it belongs to.
    runs_tell_their_job: bool = False
    # Guess: lists begin with the newest.
    newest_first: bool = True
    # Guess: to end what has ended is refused; else it changes nothing.
    ended_stay_ended: bool = True
    # Guess: steps in a cron, such as `*/5`, are refused.
    cron_steps: bool = False
    # Guess: times in UTC are written with this offset; "Z" or none are read as well.
    offset: str = "+00:00"
    # Guess: events of logs tell milliseconds since 1970; else they tell time as text.
    log_times_as_text: bool = False
    # Guess: events a page of a log has. Few, so that whoever reads meets a second page.
    log_page: int = 50
    # Guess: the status of a login that is refused. At 401 the vendor's package would log in again,
    # and again, until Python's stack is full.
    refused_login: int = 403
