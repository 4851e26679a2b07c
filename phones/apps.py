"""The app of the phones."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save, pre_migrate, pre_save


class PhonesConfig(AppConfig):
    """Registers the system checks, the triggers of the audit log and the receivers, when the app is ready."""

    name = "phones"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what imports models and so has to wait until now."""
        from django.contrib.auth.models import User

        from phones import checks, sign_ins  # noqa: F401 - it connects its receivers.
        from phones.models.audit import append_only
        from phones.models.people import session
        from phones.services.people.usernames import refuse_taken

        checks.register_all()
        pre_migrate.connect(append_only.make_way, sender=self)
        post_migrate.connect(append_only.install_triggers, sender=self)
        pre_save.connect(refuse_taken, sender=User)
        post_save.connect(session.end_if_switched_off, sender=User)
