"""Where do runs execute? The launchers that come with the core."""
