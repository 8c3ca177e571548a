"""What must be installed beside this plugin before it can speak to BMLL?"""

from __future__ import annotations

#: The name that is imported → what to type.
NEEDS = {"bmll": "pip install 'beaf-bmll[sdk]' (Python below 3.13)"}
