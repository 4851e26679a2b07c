"""The production settings for benchmarks: separate static files, and baselines beside the pages if asked."""

import os
from pathlib import Path

from dashboard.settings import *  # noqa: F403
from dashboard.settings import INSTALLED_APPS

STATIC_ROOT = Path(os.environ["BENCH_STATIC_ROOT"])

if os.environ.get("BENCH_BASELINES"):
    INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
    ROOT_URLCONF = "bench.lab.urls"
