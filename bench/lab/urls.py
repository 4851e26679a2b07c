"""The site's URLs, and the baseline of its list: Django's admin."""

from django.contrib import admin
from django.urls import path

from dashboard.urls import handler400, handler403, handler404, handler500
from dashboard.urls import urlpatterns as site_patterns
from phones.models import Phone

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class PhoneAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # it takes none when it runs.
    """The list in Django's admin. Agents are plain ids here, so it doesn't look up their names."""

    list_display = [
        "shown",
        "nickname",
        "status",
        "inbound_agent_id",
        "outbound_agent_id",
        "telephony_provider",
        "fetched_at",
    ]
    list_filter = ["status", "telephony_provider"]
    search_fields = ["number", "nickname"]
    ordering = ["number", "id"]


class FiftyPhoneAdmin(PhoneAdmin):
    """The same with as many rows as the product's pages have."""

    list_per_page = 50


# The first needs Django's own namespace, which its templates use.
admin_by_default = admin.AdminSite(name="admin")
admin_by_default.register(Phone, PhoneAdmin)
admin_of_fifty = admin.AdminSite(name="fifty")
admin_of_fifty.register(Phone, FiftyPhoneAdmin)

urlpatterns = [
    path("bench/admin/", admin_by_default.urls),
    path("bench/fifty/", admin_of_fifty.urls),
    *site_patterns,
]
