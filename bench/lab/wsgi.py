"""The site, trusting the temporary certificate of `bench.lab.proxy` too; otherwise it equals `dashboard.wsgi`."""

import os
from functools import partial

from phones import diga

diga.new_session = partial(diga.new_session, ca_bundle=os.environ["BENCH_CA_BUNDLE"])

from dashboard.wsgi import application  # noqa: E402 - the site is to find the session above.

__all__ = ["application"]
