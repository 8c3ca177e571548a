"""Which configured texts are paths, and relative to what?"""

from __future__ import annotations

from typing import Annotated

PATH_MARK = "beaf-path"

#: A path or URL in a configuration. A relative one belongs to the folder of the file it stands
#: in; from flags and the environment, to the working directory. Resolved before validation.
ConfigPath = Annotated[str, PATH_MARK]
