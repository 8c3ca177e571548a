"""How does a run become a job on one of the vendor's machines, and how is it found again?"""

from __future__ import annotations

from beaf_bmll.config import Config

__all__ = ["Config"]
