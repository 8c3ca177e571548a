"""How are measures named, expanded from options, and documented?"""
