"""What does the help of the command line cost? Prints CPU milliseconds; asserts nothing.

The blocking guard is the test of imports, which reads no clock. Without compiled bytecode (a
fresh checkout where PYTHONDONTWRITEBYTECODE is set) every start compiles again, and costs twice as
much; `make install` compiles.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

REPEATS = 9
GOAL = 150


def cpu_milliseconds(*command: str) -> float:
    """Run a command, and return the user and system time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return 1000 * used


def main() -> None:
    """Measure the commands that must answer at once, beside an empty interpreter."""
    beaf = str(Path(sys.executable).with_name("beaf"))
    commands = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "beaf --help": (beaf, "--help"),
        "beaf pipeline --help": (beaf, "pipeline", "--help"),
        "beaf plugins list": (beaf, "plugins", "list"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(REPEATS):  # interleaved, so that noise meets all alike
        for name, command in commands.items():
            times[name].append(cpu_milliseconds(*command))
    for name, found in times.items():
        best, median = min(found), statistics.median(found)
        print(f"{name:22} best {best:6.0f} ms   median {median:6.0f} ms   (goal {GOAL} ms)")


if __name__ == "__main__":
    main()
