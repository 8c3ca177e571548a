"""Which nouns does BEAF speak of? Frozen values, built on the standard library alone."""
