"""Failures of calls to Diga, and the bulkhead that limits how many threads wait for one."""
