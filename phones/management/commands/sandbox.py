"""Runs the stand-in Diga."""

import signal
import threading
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from phones.diga.sandbox import Sandbox, SandboxServer
from phones.diga.sandbox.control import read_faults


class Command(BaseCommand):
    """`manage.py sandbox`: a Diga of invented clinics on this machine, until Ctrl-C."""

    help = "Run a stand-in Diga on this machine, for the demo, training and benchmarks."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("--port", type=int, default=8001, help="0 takes a free one.")
        parser.add_argument("--phones", type=int, default=240, help="Phones in the first project.")
        parser.add_argument("--agents", type=int, default=7, help="Agents in the first project.")
        parser.add_argument("--latency-ms", type=float, default=0, help="How long every answer takes.")
        parser.add_argument("--seed", type=int, default=1, help="The same seed gives the same data.")
        parser.add_argument(
            "--call-every", type=float, help="Seconds after which somebody calls a phone that is looked at."
        )
        parser.add_argument("--faults", type=Path, help="A JSON file with a list of faults to make.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGINT or SIGTERM."""
        sandbox = Sandbox(
            seed=options["seed"],
            phones=options["phones"],
            agents=options["agents"],
            latency_ms=options["latency_ms"],
            call_every_seconds=options["call_every"],
            now=newest_morning(datetime.now(UTC)),
        )
        if options["faults"]:
            for fault in read_faults(options["faults"].read_text("utf-8")):
                sandbox.faults.add(fault)
        try:
            server = SandboxServer(sandbox, port=options["port"])
        except OSError as error:
            raise CommandError(f"Port {options['port']} can't be used: {error.strerror}") from error
        is_over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: is_over.set())
        server.start()
        self.stdout.write(f"Stand-in Diga at {server.url}, with the keys")
        for key in sandbox.keys.values():
            self.stdout.write(f"  {key.token}  {sandbox.projects[key.project].name}")
        self.stdout.flush()
        is_over.wait()
        server.stop()


def newest_morning(now: datetime) -> datetime:
    """Return the newest nine o'clock: a stand-in that is started again on a day has the same data."""
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return morning if morning <= now else morning - timedelta(days=1)
