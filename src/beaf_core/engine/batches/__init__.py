"""How is a partition cut to the memory there is, and computed by worker processes?"""
