"""What happens on the machine of a job, and what does it leave behind for those who ask?"""
