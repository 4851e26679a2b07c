"""Writes down what allauth and Django tell by signals: sign-ins and their failures, passwords and second factors."""

from typing import Any, cast

import structlog
from allauth.account.authentication import get_authentication_records
from allauth.account.signals import password_changed, password_reset, password_set, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.signals import social_account_added
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from dashboard.monitoring import metrics
from phones.models import ActKind
from phones.services.audit.acts import record_act
from phones.services.people.usernames import find_account

logger = structlog.get_logger("phones.sign_ins")
PASSWORD = "password"  # noqa: S105 - a code of a means of signing in.
RECOVERY_CODES = Authenticator.Type.RECOVERY_CODES.value


def _record(kind: ActKind, actor: User | None, subject: User | None = None, **details: str) -> None:
    record_act(kind=kind, actor=actor, subject=subject, at=timezone.now(), details=details)


@receiver(user_logged_in)
def on_signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Write down a finished sign-in, and by which means."""
    records = get_authentication_records(request, user)
    means = " ".join(record.get("type") or record["method"] for record in records)
    _record(ActKind.SIGNED_IN, user, means=means)
    logger.info("sign-in", outcome=ActKind.SIGNED_IN.value, means=means, user_id=user.pk)


@receiver(user_login_failed)
def on_sign_in_failed(credentials: dict[str, Any], **kwargs: Any) -> None:
    """Write down a wrong password. A name without an account is left out: it may be a password in the wrong field."""
    account = find_account(credentials.get("username") or "")
    _note_failure(account, PASSWORD)


@receiver(authentication_failed)
def on_code_failed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down a wrong second factor of somebody who knows the password."""
    _note_failure(user, authenticator.type)


def _note_failure(account: User | None, means: str) -> None:
    metrics.count_failed_sign_in(means)
    _record(ActKind.SIGN_IN_FAILED, None, account, means=means)
    outcome, user_id = ActKind.SIGN_IN_FAILED.value, account and account.pk
    logger.warning("sign-in", outcome=outcome, means=means, user_id=user_id)


@receiver(user_logged_out)
def on_signed_out(user: User | None, **kwargs: Any) -> None:
    """Write down a sign-out; of a session that had ended there is nobody to name."""
    if user is not None:
        _record(ActKind.SIGNED_OUT, user)


@receiver([password_changed, password_set, password_reset])
def on_password_changed(user: User, **kwargs: Any) -> None:
    """Write down a new password."""
    _record(ActKind.PASSWORD_CHANGED, user)


@receiver(authenticator_added)
def on_authenticator_added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down a new second factor, or the recovery codes that come with it."""
    is_codes = authenticator.type == RECOVERY_CODES
    _record(ActKind.RECOVERY_CODES_MADE if is_codes else ActKind.SECOND_FACTOR_ON, user, means=authenticator.type)


@receiver(authenticator_reset)
def on_codes_made(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down new recovery codes in place of others."""
    _record(ActKind.RECOVERY_CODES_MADE, user, means=authenticator.type)


@receiver(authenticator_removed)
def on_authenticator_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down that a second factor is gone. Recovery codes go with the last one."""
    if authenticator.type != RECOVERY_CODES:
        _record(ActKind.SECOND_FACTOR_OFF, user, means=authenticator.type)


@receiver(authenticator_used)
def on_authenticator_used(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down a used recovery code. The sign-in that it was for has an entry of its own."""
    if authenticator.type == RECOVERY_CODES:
        _record(ActKind.RECOVERY_CODE_USED, user)


@receiver(social_account_added)
def on_sso_linked(request: HttpRequest, sociallogin: SocialLogin, **kwargs: Any) -> None:
    """Write down that an account is linked with one at the provider of the single sign-on."""
    _record(ActKind.SSO_LINKED, cast(User, sociallogin.user), name=sociallogin.account.extra_data["name"])
