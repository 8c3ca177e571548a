"""What does each pass need of each partition, and in which order?"""
