"""The base of commands that need the tables and the right keys."""

from typing import Any

from django.core.management.base import BaseCommand

from dashboard.monitoring.readiness import demand_ready


class ReadyCommand(BaseCommand):
    """A command that says what is missing before it begins."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command, if it can work."""
        demand_ready()
        return super().execute(*args, **options)
