"""What an AADSTS code of Entra's token endpoint means, and who must act.

Codes are diagnostics that may change: one that is not known here is Microsoft's fault until shown otherwise, never
our credential's or the customer's.
"""

import re
from collections.abc import Mapping
from typing import Any

from defender import errors

KNOWN: tuple[tuple[tuple[int, ...], type[errors.DefenderError], str], ...] = (
    ((7000215,), errors.CredentialRejected, "Entra does not accept our client secret."),
    ((7000222,), errors.CredentialExpired, "Our client secret or certificate has expired."),
    ((700027,), errors.CredentialRejected, "Entra does not accept the signature of our certificate."),
    ((7000218, 700022, 70011, 650057, 50001, 90124, 90130, 9001023, 900971, 50011, 50194, 700229),
     errors.RequestRejected, "Entra rejected our request; this is a fault in our set-up."),
    ((700016, 7000229, 65001, 65004, 650056), errors.ConsentMissing, "The directory gives no consent, or no longer."),
    ((7000112, 70001), errors.AppDisabled, "The customer has disabled our application in the directory."),
    ((500011, 65005, 650052, 650054), errors.LicenceMissing, "The service is not available in this directory."),
    ((90002,), errors.TenantNotFound, "Entra knows no directory with this ID."),
    ((90038, 900382, 900432), errors.WrongCloud, "The directory is in another national cloud."),
    ((53003, 530034, 500021, 500022), errors.BlockedByPolicy, "A policy of the directory blocks our application."),
    ((90055, 50196), errors.Throttled, "Entra has asked us to slow down."),
)  # fmt: skip
CLOCK = {700023, 700024}
MEANING = {code: (kind, sentence) for codes, kind, sentence in KNOWN for code in codes}


def error_of(result: Mapping[str, Any]) -> errors.DefenderError:
    """The error for the JSON that the token endpoint answered instead of a token."""
    code = code_of(result)
    label = f"AADSTS{code}" if code else str(result.get("error") or "unknown error")[:40]
    request_id = str(result.get("correlation_id") or "")[:64]
    if code in CLOCK or (code == 700027 and "expired" in str(result.get("error_description"))):
        sentence = f"Entra does not accept the times in our assertion: check this machine's clock ({label})."
        return errors.ClockSkew(sentence, code=label, request_id=request_id)
    kind, sentence = MEANING.get(code, (errors.MicrosoftFault, "Entra could not issue a token."))
    return kind(f"{sentence[:-1]} ({label}).", code=label, request_id=request_id)


def code_of(result: Mapping[str, Any]) -> int:
    codes = result.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    match = re.search(r"AADSTS(\d{4,8})", str(result.get("error_description") or ""))
    return int(match[1]) if match else 0
