"""What do all venues of an instrument offer together, and how does each of them compare?"""
