"""What does it cost to write through an output, against the plain call of the library below it?"""
