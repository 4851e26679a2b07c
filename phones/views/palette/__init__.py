"""The palette: one box for numbers, agents, views, pages and actions, and for pasted tickets."""
