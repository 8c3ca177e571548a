"""What does a command need to ask after jobs: the vendor, the ledger, and what jobs have left?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from beaf_bmll.config import Config
from beaf_bmll.gateway import JobGateway
from beaf_bmll.staging import AreaWords
from beaf_bmll.submit import Ledger, state_folder


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that knows something of jobs.

    Attributes:
        config: BMLL_JOBS.
        gateway: the vendor's word.
        folder: where the ledger lies.
        words: what jobs themselves have left.
    """

    config: Config
    gateway: JobGateway
    folder: Path
    words: AreaWords

    @classmethod
    def opened(cls, config: Config) -> Service:
        """Reach all of them; the first request logs in.

        Raises:
            BMLLError, ResourceError: the vendor's package is not there, or refuses.
        """
        from beaf_bmll.sdk import connect

        return cls(config, connect(config), state_folder(config), AreaWords(config))

    @property
    def ledger(self) -> Ledger:
        """What was submitted from here."""
        return Ledger(self.folder)
