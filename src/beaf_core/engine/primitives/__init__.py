"""How is what no aggregation of own rows can say computed: states, look-ups, lifetimes, grids?"""
