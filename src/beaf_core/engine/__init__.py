"""How does a run turn tables into outputs?"""
