"""Minutes of faults and kills on this machine, and then a check that nothing was lost."""
