"""Rules about agents, versions and what a change does to live calls."""
