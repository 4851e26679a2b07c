"""Running a plan: which rows are sent, how many at a time, and when it pauses by itself."""
