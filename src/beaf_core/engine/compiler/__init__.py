"""How do declared measures become queries, and queries one frame?"""
