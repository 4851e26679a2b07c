"""Who answers a number, by what is configured, and by the calls that took place."""
