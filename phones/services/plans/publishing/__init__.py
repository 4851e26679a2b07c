"""Publishing another version of an agent as a plan, and giving numbers back that lost the agent by it."""
