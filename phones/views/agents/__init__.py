"""Pages of agents, and of publishing another version of one."""
