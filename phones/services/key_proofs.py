"""Proofs that the keys of the settings are those of this database: what another key seals, the right one never opens.

The proof of TOKEN_KEYS is a text that they seal, so it opens as long as the API keys do; `rotate_keys` seals it anew.
That of DIARY_KEY is an HMAC. They are noted at the first start, if what is stored already agrees with the keys.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from phones.models import ActKind, ChangeSeal, KeyProof, NoKey, Project
from phones.models.fields import SealBroken, reseal, seal, unseal
from phones.services.audit.acts import record_act
from phones.services.audit.chain.hashing import mac_of

TOKEN_KEYS, DIARY_KEY = "TOKEN_KEYS", "DIARY_KEY"
WORD = "Phone Desk"


def wrong_keys(*, now: datetime, notes: bool = True) -> list[str]:
    """Return the settings whose keys are not those of this database; note a proof where there is none yet.

    One query once the proofs are noted.

    :param notes: False while other tables may be half-way: then only proofs that are there are looked at.
    """
    proofs = dict(KeyProof.objects.values_list("setting", "proof"))
    wrong = []
    for setting, (fits, agrees) in _CHECKS.items():
        if setting in proofs:
            is_right = fits(proofs[setting])
        else:
            is_right = not notes or agrees()
            if is_right and notes:
                _note(setting, now)
        if not is_right:
            wrong.append(setting)
    return wrong


def unproven(proofs: Mapping[str, str]) -> list[str]:
    """Return the settings whose keys are not those that some proofs, of a backup, are of."""
    return [setting for setting, (fits, _agrees) in _CHECKS.items() if setting in proofs and not fits(proofs[setting])]


def accept_keys(*, now: datetime) -> list[str]:
    """Take the keys of the settings as those of this database from now on; return the settings that were wrong.

    What only the lost keys open stays closed. That it was done is an act of the site, sealed with the new key.
    """
    with transaction.atomic():
        wrong = wrong_keys(now=now)
        for setting in wrong:
            _note(setting, now)
        if wrong:
            record_act(kind=ActKind.KEYS_ACCEPTED, actor=None, at=now, details={"settings": " ".join(wrong)})
    return wrong


def rotate_proof() -> None:
    """Seal the proof of TOKEN_KEYS with the newest of them; left alone if none of them opens it."""
    with transaction.atomic():
        proof = KeyProof.objects.select_for_update().filter(pk=TOKEN_KEYS).first()
        if proof and _opens(proof.proof):
            proof.proof = reseal(proof.proof)
            proof.save(update_fields=["proof"])


def _note(setting: str, now: datetime) -> None:
    proof = seal(WORD) if setting == TOKEN_KEYS else _mac()
    KeyProof.objects.update_or_create(pk=setting, defaults={"proof": proof, "noted_at": now})


def _opens(proof: str) -> bool:
    try:
        return unseal(proof) == WORD
    except SealBroken:
        return False


def _opens_stored_keys() -> bool:
    """Return whether TOKEN_KEYS open at least one of the stored API keys, or there is none."""
    projects = list(Project.objects.exclude(sealed_token="").only("sealed_token"))
    return not projects or any(map(_has_key, projects))


def _has_key(project: Project) -> bool:
    try:
        return bool(project.open_token())
    except NoKey:
        return False


def _mac() -> str:
    return hmac.digest(settings.DIARY_KEY.encode(), f"{WORD}: {DIARY_KEY}".encode(), "sha256").hex()


def _is_mac(proof: str) -> bool:
    return hmac.compare_digest(proof, _mac())


def _made_newest_seal() -> bool:
    """Return whether DIARY_KEY made the newest seal of the history, or there is none."""
    last = ChangeSeal.objects.order_by("-pk").first()
    if last is None:
        return True
    before = ChangeSeal.objects.filter(chain=last.chain, number=last.number - 1).values_list("mac", flat=True).first()
    entry_id = last.act_id or last.change_id or 0
    mac = mac_of(
        chain=last.chain,
        number=last.number,
        entry_id=entry_id,
        kind=last.kind,
        digest=last.digest,
        before=before or "",
    )
    return hmac.compare_digest(mac, last.mac)


_CHECKS: dict[str, tuple[Callable[[str], bool], Callable[[], bool]]] = {
    TOKEN_KEYS: (_opens, _opens_stored_keys),
    DIARY_KEY: (_is_mac, _made_newest_seal),
}
