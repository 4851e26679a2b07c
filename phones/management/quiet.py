"""Commands talk to a person in a terminal, who has no use for a log line a request."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_request_lines(verbosity: int) -> Iterator[None]:
    """Log requests to Diga only with `--verbosity 2`, for as long as the command runs."""
    logger = logging.getLogger("phones.diga")
    level = logger.level
    if verbosity < 2:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
