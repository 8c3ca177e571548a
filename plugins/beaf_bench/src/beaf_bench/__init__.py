"""How fast is the engine, and how much memory does it take? The command `beaf bench`."""
