"""Where can tables come from without installing anything else?"""
