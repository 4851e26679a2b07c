"""What a failed call to Diga means, and how many may wait for one."""
