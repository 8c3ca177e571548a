"""What is computed, as declarations for the engine, as hand-written polars, and as SQL?"""
