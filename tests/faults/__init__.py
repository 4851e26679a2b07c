"""The 48 faults that Phone Desk promises an answer to, each as a row that `tests/test_faults.py` plays and checks."""
