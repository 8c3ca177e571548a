"""How does a plugin mark its functions as hook implementations?"""

import pluggy

PROJECT = "beaf"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
