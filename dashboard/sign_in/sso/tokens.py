"""ID tokens: who signed in at the provider, when, and with which factors."""

import hmac
import time
from collections.abc import Mapping
from typing import Any

import jwt

# Asymmetric ones alone: with HS256 whoever knows the client's secret could make tokens, and `none` is no signature.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# How far two clocks may be apart, in seconds.
LEEWAY = 60
KNOWLEDGE = frozenset({"pwd", "pin", "kba"})
POSSESSION = frozenset({"otp", "hwk"})
Claims = dict[str, Any]


class InvalidToken(Exception):
    """The token isn't a fresh one of the provider, for this site and this sign-in."""


def claims_of(token: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str) -> Claims:
    """Return the claims of an ID token after all checks of OpenID Connect Core 1.0, section 3.1.3.7.

    :param keys: the provider's JSON Web Key Set.
    :raises InvalidToken: a check failed; the message says which, without anything of the token.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        known = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in {None, "sig"}]
        # A provider with one key need not name it.
        fitting = [key for key in known if key.key_id == kid or (kid is None and len(known) == 1)]
        if not fitting:
            raise InvalidToken("unknown key")
        claims: Claims = jwt.decode(
            token,
            fitting[0],
            algorithms=ALGORITHMS,
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken(type(error).__name__) from None
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise InvalidToken("another nonce")
    if claims.get("azp", client_id) != client_id or (isinstance(claims["aud"], list) and len(claims["aud"]) > 1):
        raise InvalidToken("for another client")
    if not claims["sub"]:
        raise InvalidToken("no subject")
    return claims


def authenticated_at(claims: Claims) -> float | None:
    """Return when the provider asked the person for a proof, in seconds since the epoch; None if it doesn't say."""
    at = claims.get("auth_time")
    is_time = isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < time.time() + LEEWAY
    return float(at) if is_time and at is not None else None


def has_both_factors(claims: Claims) -> bool:
    """Return whether the provider says that two factors were used (`amr`, RFC 8176).

    It does by `mfa`, or by possession (`otp`, `hwk`) together with knowledge: either alone is one factor.
    """
    methods = claims.get("amr")
    if not isinstance(methods, list):
        return False
    named = {each for each in methods if isinstance(each, str)}
    return "mfa" in named or bool(named & POSSESSION and named & KNOWLEDGE)


def groups_in(claims: Claims, claim: str) -> list[str] | None:
    """Return the person's groups; None if the provider doesn't tell."""
    groups = claims.get(claim)
    if isinstance(groups, str):
        return [groups]
    return [each for each in groups if isinstance(each, str)] if isinstance(groups, list) else None
