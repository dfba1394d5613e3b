"""The parts that evidence of many kinds is put together from."""

from typing import Any

from simulator.cast import Cast

Item = dict[str, Any]
PREFIX = "#microsoft.graph.security."


def typed(kind: str, **own: Any) -> Item:
    return {"@odata.type": f"{PREFIX}{kind}Evidence", **own}


def ip(c: Cast, address: str = "") -> Item:
    """The attacker's address with its place, or one of the organisation's own without."""
    letters, country, city = c.country
    place = {"countryName": country, "city": city, "state": None, "latitude": 12.25, "longitude": 7.5}
    return typed(
        "ip",
        ipAddress=address or c.attacker_ip,
        countryLetterCode=None if address else letters,
        location=None if address else place,
        stream=None,
    )


def account(c: Cast) -> Item:
    """The person's account, as devices, mailboxes and processes name it."""
    return {
        "accountName": c.login,
        "azureAdUserId": c.guid_of(c.login),
        "displayName": c.user,
        "domainName": c.domain.split(".")[0].upper()[:15],
        "userPrincipalName": c.mail,
        "tenantId": c.tenant_id,
        "userSid": f"S-1-5-21-{int(c.md5[:8], 16)}-{int(c.md5[8:16], 16)}-{1000 + c.number}",
        "activeDirectoryObjectGuid": c.guid_of("ad" + c.login),
        "resourceAccessEvents": [],
    }


def user(c: Cast) -> Item:
    return typed("user", userAccount=account(c), stream=None)


def url(c: Cast) -> Item:
    return typed("url", url=c.url)


def azure(c: Cast) -> Item:
    group = f"/subscriptions/{c.guid_of('subscription')}/resourceGroups/rg-{c.number}"
    return typed(
        "azureResource",
        resourceId=f"{group}/providers/Microsoft.Storage/storageAccounts/{c.storage}",
        resourceName=c.storage,
        resourceType="Microsoft.Storage/storageAccounts",
    )


def file_details(c: Cast) -> Item:
    return {
        "fileName": c.file,
        "filePath": f"C:\\Users\\{c.login}\\Downloads",
        "fileSize": 40_000 + 17 * c.number,
        "md5": c.md5,
        "sha1": c.sha1,
        "sha256": c.sha256,
        "sha256Ac": None,
        "filePublisher": None,
        "issuer": None,
        "signer": None,
    }


def file(c: Cast) -> Item:
    return typed("file", detectionStatus="detected", fileDetails=file_details(c), mdeDeviceId=c.sha1)
