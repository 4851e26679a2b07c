"""Settings, all from environment variables; an invalid value stops the start with the variable's name."""

import logging
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

from dashboard import content_policy, environment
from dashboard.lean_queue import import_huey
from dashboard.logs.configuration import configure
from dashboard.sign_in.sso import config as sso

BASE_DIR = Path(__file__).resolve().parent.parent

VERSION = environment.version(BASE_DIR)

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)


# What a process writes is for its user alone, but static files: another program may serve those.
if "collectstatic" not in sys.argv:
    os.umask(0o077)

DEBUG = env.bool("DEBUG", False)
DATA_DIR = environment.data_dir(env, BASE_DIR / "var")

SITE_URL = environment.url(env, "SITE_URL", "http://127.0.0.1:8000")
environment.refuse_prefix(SITE_URL)
IS_HTTPS = SITE_URL.startswith("https:")
if DEBUG and IS_HTTPS:
    # DEBUG's error pages show code and settings to every visitor.
    raise ImproperlyConfigured("DEBUG is for this machine only: it can't be on where SITE_URL is an https address.")
_secrets = environment.Secrets(env, DATA_DIR, may_generate=not IS_HTTPS)
SECRET_KEY = _secrets.long_key("SECRET_KEY")
# Not the key that signs sessions: with that one nobody must be able to rewrite the audit log.
DIARY_KEY = _secrets.long_key("DIARY_KEY")
TOKEN_KEYS = _secrets.fernet_keys("TOKEN_KEYS")
# This machine's own names are always allowed: health checks use them.
ALLOWED_HOSTS = sorted(
    {*(env.list("ALLOWED_HOSTS", []) or [str(urlsplit(SITE_URL).hostname)]), *environment.LOOPBACK, "[::1]"}
)
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; * would let anybody choose one.")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
FORWARDED_ALLOW_IPS = environment.proxies(env)
# A client's header SCRIPT_NAME can't change the addresses in pages.
FORCE_SCRIPT_NAME = ""

DIGA_API_URL = environment.url(env, "DIGA_API_URL", "https://api.diga.io")
DIGA_PROXY_URL = env.str("DIGA_PROXY_URL", "") or None
DIGA_REQUESTS_PER_SECOND = env.float("DIGA_REQUESTS_PER_SECOND", 10.0)
if DIGA_REQUESTS_PER_SECOND <= 0:
    raise ImproperlyConfigured("DIGA_REQUESTS_PER_SECOND must be more than 0.")
SYNC_WALKERS = environment.one_to_32(env.int("SYNC_WALKERS", 8), "SYNC_WALKERS")
PLAN_CONCURRENCY = environment.one_to_32(env.int("PLAN_CONCURRENCY", 8), "PLAN_CONCURRENCY")
# As many as gunicorn.conf.py starts. Some of them never wait for Diga (`phones.services.upstream.bulkhead`).
WEB_THREADS = environment.at_least(4, env.int("WEB_THREADS", 8), "WEB_THREADS")
# The age of our copy, in minutes, above which values are greyed out.
STALE_AFTER_MINUTES = environment.at_least(1, env.int("STALE_AFTER_MINUTES", 60), "STALE_AFTER_MINUTES")
# After so many minutes without a request of the person, a session ends.
SESSION_IDLE_MINUTES = environment.at_least(5, env.int("SESSION_IDLE_MINUTES", 30), "SESSION_IDLE_MINUTES")
# For how many days finished syncs, invitations that are over, and messages are kept (`phones.services.housekeeping`).
SYNC_RUNS_DAYS = environment.at_least(1, env.int("SYNC_RUNS_DAYS", 90), "SYNC_RUNS_DAYS")
INVITATIONS_DAYS = environment.at_least(30, env.int("INVITATIONS_DAYS", 90), "INVITATIONS_DAYS")
ALERTS_DAYS = environment.at_least(1, env.int("ALERTS_DAYS", 90), "ALERTS_DAYS")
REDIS_URL = environment.redis_url(_secrets.text("REDIS_URL"))
# What a monitor says to read /metrics; "" without them.
METRICS_TOKEN = environment.metrics_token(_secrets.text("METRICS_TOKEN"))
# Where errors are reported, and where OpenTelemetry's exporter, which reads the rest of OTEL_… itself, sends traces.
SENTRY_DSN = environment.needing(_secrets.text("SENTRY_DSN"), "SENTRY_DSN", "sentry_sdk", "sentry-sdk")
OTLP_ENDPOINT = environment.needing(
    env.str("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
)

# Mail for alerts, and the private networks that webhooks may reach (`phones.services.alerting`).
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "")
_mail = environment.mail(_secrets.text("MAIL_URL"), DEFAULT_FROM_EMAIL)
SENDS_MAIL = _mail is not None
if _mail:
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_USE_SSL = _mail
EMAIL_TIMEOUT = 10
WEBHOOK_NETWORKS = environment.webhook_networks(env)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_htmx",
    "huey.contrib.djhuey",
    "template_partials.apps.SimpleAppConfig",
    "phones",
]

MIDDLEWARE = [
    # First, so that every error page can ask for `request.htmx`.
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.proxies.TrueClient",
    "dashboard.logs.requests.RequestLog",
    "phones.client_address.ClientAddress",
    # Above WhiteNoise, so that static files have these headers too.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "dashboard.middleware.NoSensors",
    # Before all that reads the host, the session or the database.
    "dashboard.monitoring.health.Probes",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.middleware.PrivateResponses",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "dashboard.sign_in.sessions.LastSeen",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.middleware.BodyLimit",
    "dashboard.middleware.HtmxLoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dashboard.middleware.SignInDemands",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"

_loaders = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": [
                "django.templatetags.l10n",
                "django.templatetags.i18n",
                "template_partials.templatetags.partials",
                "phones.templatetags.desk",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
                )
            ],
        },
    }
]

DATABASES = {"default": environment.database(_secrets.text("DATABASE_URL"), DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In the database even with a Redis: the counts of the sign-in throttles must be the same for every process,
# and must work while Redis is down.
CACHES = {
    "default": {
        "BACKEND": "dashboard.cache.JsonCache",
        "LOCATION": "cache",
        # Entries of the first release are pickles: a new version in the keys leaves them unread until they expire.
        "VERSION": 2,
        # Above its size it drops entries, so the hints of who has a phone open must never fill it.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

import_huey(without=["psycopg"] if REDIS_URL else ["psycopg", "redis"])
HUEY = {
    "huey_class": "dashboard.doorbell.RedisQueue" if REDIS_URL else "dashboard.queue.SqliteQueue",
    "name": "phone-desk",
    "immediate": False,
    "results": False,
    # A plan's first row is processed within a second of the click, so the queue is polled twice a second.
    "consumer": {"workers": env.int("WORKER_THREADS", 4), "graceful_signal": "TERM", "max_delay": 0.5},
    **({"url": REDIS_URL} if REDIS_URL else {"filename": str(DATA_DIR / "queue.sqlite3")}),
}

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_validators = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _validators + "UserAttributeSimilarityValidator"},
    {"NAME": _validators + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "dashboard.sign_in.passwords.GuessableValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "dashboard.sign_in.accounts.ClosedSignup"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
# How old a sign-in may be, in seconds, where one must be fresh (`dashboard.sign_in.authentication`).
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
REQUIRE_2FA_ROLES = environment.roles_with_second_factor(env, is_https=IS_HTTPS)
# Attempts from one address, right or wrong: an office may share it. `dashboard.sign_in.throttles` counts wrong ones.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# The device asks for a finger, a face or its PIN, so that a passkey is two factors by itself.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Each sign-in by a passkey is two requests.
MFA_RATE_LIMITS = {"webauthn_login": "240/m/ip"}
MFA_TOTP_ISSUER = "Phone Desk"
# One step of 30 s either way, for phones with an inaccurate clock.
MFA_TOTP_TOLERANCE = 1
MFA_ADAPTER = "dashboard.sign_in.accounts.SecondFactors"
MFA_FORMS = {
    "authenticate": "dashboard.sign_in.second_factor.AuthenticateForm",
    "reauthenticate": "dashboard.sign_in.second_factor.ReauthenticateForm",
    "activate_totp": "dashboard.sign_in.second_factor.ActivateTOTPForm",
    "add_webauthn": "dashboard.sign_in.passkeys.AddForm",
    "edit_webauthn": "dashboard.sign_in.passkeys.RenameForm",
    "authenticate_webauthn": "dashboard.sign_in.passkeys.AuthenticateForm",
    "login_webauthn": "dashboard.sign_in.passkeys.LoginForm",
    "reauthenticate_webauthn": "dashboard.sign_in.passkeys.ReauthenticateForm",
}

# Single sign-on; None without `OIDC_ISSUER`.
SSO = sso.read(env, secret=_secrets.text("OIDC_CLIENT_SECRET"))
SOCIALACCOUNT_ADAPTER = "dashboard.sign_in.sso.adapter.People"
SOCIALACCOUNT_PROVIDERS = sso.providers(SSO)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = environment.time_zone(env)
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

SESSION_ENGINE = "dashboard.sign_in.sessions"
# The absolute lifetime of a session: one working day.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
DEVICE_COOKIE_NAME = "__Host-device" if IS_HTTPS else "device"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "dashboard.errors.csrf_failure"
LANGUAGE_COOKIE_NAME = "__Host-language" if IS_HTTPS else "language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
# Not in a cookie of their own: it would have no `__Host-` in its name.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_SSL_REDIRECT = IS_HTTPS
# Monitors ask a process by its own address, without the proxy.
SECURE_REDIRECT_EXEMPT = [r"^health/(live|ready)/?$", r"^metrics/?$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The largest form sends the ids of 100,000 chosen phones: 32 letters and an encoded comma each.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
CONTENT_SECURITY_POLICY = content_policy.POLICY

# Django masks sensitive variables only without DEBUG; this one always does.
DEFAULT_EXCEPTION_REPORTER_FILTER = "dashboard.logs.masking.AlwaysMasking"
DEFAULT_EXCEPTION_REPORTER = "dashboard.logs.masking.Report"
LOGGING_CONFIG = None
configure(level=env.log_level("LOG_LEVEL", logging.INFO), as_json=not DEBUG)
