"""Sentences of the pages of numbers: what a save will do and has done, who answers, calls, notes, tickets."""
