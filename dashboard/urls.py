"""The site's URLs: sign-in and second factor, health, and the phones."""

from allauth.account import views as account
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from dashboard.monitoring.health import health
from dashboard.sign_in.accounts import password_change, sign_out
from dashboard.sign_in.authentication import with_fresh_sign_in
from dashboard.sign_in.sso import views as sso
from dashboard.sign_in.sso.config import PROVIDER_ID

urlpatterns = [
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", sign_out, name="account_logout"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/password/", with_fresh_sign_in(password_change), name="account_change_password"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sso/", sso.link, name="sso_link"),
    # By the names that allauth asks for.
    path("account/sso/login/", sso.login, {"provider_id": PROVIDER_ID}, name="openid_connect_login"),
    path("account/sso/callback/", sso.callback, {"provider_id": PROVIDER_ID}, name="openid_connect_callback"),
    path("account/language/", login_not_required(set_language), name="set_language"),
    path("health/", health, name="health"),
    path("", include("phones.urls")),
]

handler400 = "dashboard.errors.bad_request"
handler403 = "dashboard.errors.forbidden"
handler404 = "dashboard.errors.not_found"
handler500 = "dashboard.errors.server_error"
