"""Is a partition fit to be published?"""
