"""What stands in the outputs, what is to be written, and what remains of a run?"""
