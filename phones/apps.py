"""The app of the phones."""

from django.apps import AppConfig


class PhonesConfig(AppConfig):
    """Registers the system checks when the app is ready."""

    name = "phones"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, which import models and so have to wait until now."""
        from phones import checks

        checks.register_all()
