"""How gunicorn serves Phone Desk; what a machine may want otherwise is in the environment."""

import gc
from pathlib import Path
from typing import Any

from environs import Env

# As the settings do, which are loaded later.
env = Env()
env.read_env(str(Path(__file__).parent / ".env"), recurse=False)

wsgi_app = "dashboard.wsgi:application"
bind = env.str("BIND", "") or f"127.0.0.1:{env.str('PORT', '8000')}"
# Threads, and a deadline for requests that come byte by byte.
worker_class = "dashboard.serving.PunctualWorker"
workers = env.int("WEB_CONCURRENCY", 2)
# Five of eight may wait for Diga at a time (`services/upstream/bulkhead.py`); lists, search and /health/ have the rest.
threads = env.int("WEB_THREADS", 8)
# Loaded once and shared. Nothing that must not be shared is made by loading: connections to the database and
# to Diga are opened by the first request of a process, and the pace notices that it was forked.
preload_app = True
# A save waits 15 s at most for each read of Diga, and for the write.
timeout = 60
graceful_timeout = 30
keepalive = 5
# Whose X-Forwarded-Proto is believed: the proxy's on this machine, unless said otherwise. `dashboard/proxies.py`
# believes the same about X-Forwarded-For.
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", "") or "127.0.0.1,::1"
# No header moves the site to another path, not even a proxy's.
forwarder_headers = ""
control_socket_disable = True
loglevel = "warning"


def when_ready(_server: Any) -> None:
    """Keep what was loaded out of the collector's sight, so that workers share its memory instead of copying it."""
    gc.collect()
    gc.freeze()
