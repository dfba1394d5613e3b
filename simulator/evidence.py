"""One evidence item of each of the 48 kinds, about the cast of a story."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.cast import Cast

Item = dict[str, Any]
PREFIX = "#microsoft.graph.security."


def ip(c: Cast, address: str = "") -> Item:
    return typed("ip", ipAddress=address or c.attacker_ip, countryLetterCode="ZZ",
                 location={"countryName": "Nowhere", "city": None, "state": None, "latitude": 1.5, "longitude": 2.5},
                 stream=None)  # fmt: skip


def account(c: Cast) -> Item:
    return {"accountName": c.login, "azureAdUserId": c.guid, "displayName": c.user, "domainName": c.domain,
            "userPrincipalName": c.mail, "userSid": f"S-1-5-21-{c.number}", "tenantId": c.tenant_id}  # fmt: skip


def file_details(c: Cast) -> Item:
    return {"fileName": c.file, "filePath": f"C:\\Users\\{c.login}\\Downloads", "fileSize": 40_000 + c.number,
            "sha1": c.sha1, "sha256": c.sha256, "filePublisher": None, "issuer": None, "signer": None}  # fmt: skip


def azure(c: Cast) -> Item:
    return typed("azureResource", resourceId=f"/subscriptions/{c.guid}/resourceGroups/rg{c.number}",
                 resourceName=f"rg{c.number}", resourceType="storageAccount")  # fmt: skip


def url(c: Cast) -> Item:
    return typed("url", url=c.url)


def user(c: Cast) -> Item:
    return typed("user", userAccount=account(c), stream=None)


def device(c: Cast, name: str = "") -> Item:
    host = name or c.device
    return typed("device", azureAdDeviceId=c.guid, deviceDnsName=f"{host.lower()}.{c.domain}", hostName=host,
                 mdeDeviceId=c.sha1, osPlatform="Windows11", osBuild=26100, version="24H2", healthStatus="active",
                 riskScore="high", onboardingStatus="onboarded", defenderAvStatus="updated", lastIpAddress=c.ip,
                 loggedOnUsers=[{"accountName": c.login, "domainName": c.domain}], ipInterfaces=[c.ip])  # fmt: skip


def file(c: Cast) -> Item:
    return typed("file", detectionStatus="detected", fileDetails=file_details(c), mdeDeviceId=c.sha1)


def process(c: Cast) -> Item:
    return typed("process", detectionStatus="detected", imageFile=file_details(c), processId=4000 + c.number,
                 processCommandLine=f'"{c.file}" /quiet --id {c.number}', userAccount=account(c),
                 parentProcessId=812, mdeDeviceId=c.sha1)  # fmt: skip


def namespace(c: Cast) -> Item:
    return typed("kubernetesNamespace", name=f"shop-{c.number}", cluster=cluster(c), labels={})


def cluster(c: Cast) -> Item:
    return typed("kubernetesCluster", name=f"aks-{c.number}", platform="aks", version="1.31", cloudResource=azure(c))


def image(c: Cast) -> Item:
    return typed("containerImage", imageId=f"shop/api:{c.number}", registry=registry(c))


def registry(c: Cast) -> Item:
    return typed("containerRegistry", registry=f"{c.domain}/registry")


def sender(c: Cast) -> Item:
    return {"displayName": "Accounts", "domainName": "phish.example", "emailAddress": f"a{c.number}@phish.example"}


def typed(kind: str, **own: Any) -> Item:
    return {"@odata.type": f"{PREFIX}{kind}Evidence", **own}


BUILDERS: Mapping[str, Callable[[Cast], Item]] = {
    "user": user, "device": device, "ip": ip, "file": file, "process": process, "url": url, "azureResource": azure,
    "kubernetesCluster": cluster, "kubernetesNamespace": namespace, "containerImage": image,
    "containerRegistry": registry,
    "server": lambda c: device(c, c.server),
    "activeDirectoryDomain": lambda c: typed("activeDirectoryDomain", activeDirectoryDomainName=c.domain, trustedDomains=[]),
    "aiAgent": lambda c: typed("aiAgent", agentId=c.guid, agentName=f"Desk helper {c.number}", hostingPlatformType="copilotStudio"),
    "amazonResource": lambda c: typed("amazonResource", amazonAccountId="000000000000", resourceName=f"vm-{c.number}", resourceType="Instance"),
    "analyzedMessage": lambda c: typed("analyzedMessage", subject=c.subject, networkMessageId=c.guid, p1Sender=sender(c), p2Sender=sender(c),
                                       recipientEmailAddress=c.mail, senderIp=c.attacker_ip, urls=[c.url], urlCount=1, attachmentsCount=0,
                                       deliveryAction="DeliveredAsSpam", deliveryLocation="JunkFolder", threats=["Phish"]),
    "blob": lambda c: typed("blob", name=f"ledger-{c.number}.zip", url=f"https://blob.example/{c.number}", etag="0x1", fileHashes=[{"algorithm": "sha256", "value": c.sha256}]),
    "blobContainer": lambda c: typed("blobContainer", name=f"ledger{c.number}", url=f"https://blob.example/c{c.number}", storageResource=azure(c)),
    "cloudApplication": lambda c: typed("cloudApplication", appId=20_000 + c.number, displayName=c.application, instanceId=0, instanceName="Default", saasAppId=11),
    "cloudLogonRequest": lambda c: typed("cloudLogonRequest", requestId=c.guid),
    "cloudLogonSession": lambda c: typed("cloudLogonSession", account=user(c), browser="Edge", deviceName=c.device, sessionId=c.guid, userAgent="Mozilla/5.0"),
    "container": lambda c: typed("container", name=f"api-{c.number}", containerId=c.sha256[:12], image=image(c), args=["--serve"], command=["/app"], isPrivileged=True),
    "dns": lambda c: typed("dns", domainName=f"c2-{c.number}.bad.example", hostIpAddress=ip(c, c.ip), ipAddresses=[ip(c)]),
    "fileHash": lambda c: typed("fileHash", algorithm="sha256", value=c.sha256),
    "gitHubOrganization": lambda c: typed("gitHubOrganization", login=f"org-{c.number}", displayName=c.domain, orgId=str(c.number)),
    "gitHubRepo": lambda c: typed("gitHubRepo", repoId=f"repo-{c.number}", owner=f"org-{c.number}", login=c.login),
    "gitHubUser": lambda c: typed("gitHubUser", login=c.login, name=c.user, email=c.mail, userId=c.guid),
    "googleCloudResource": lambda c: typed("googleCloudResource", resourceName=f"bucket-{c.number}", projectId="p1", projectNumber=c.number, locationType="regional"),
    "hostLogonSession": lambda c: typed("hostLogonSession", account=user(c), host=device(c), sessionId=str(c.number)),
    "ioTDevice": lambda c: typed("ioTDevice", deviceId=c.guid, deviceName=f"camera-{c.number}", deviceType="Camera", importance="normal", ipAddress=ip(c, c.ip), manufacturer="Optik"),
    "kubernetesController": lambda c: typed("kubernetesController", name=f"deploy-{c.number}", namespace=namespace(c), type="Deployment"),
    "kubernetesPod": lambda c: typed("kubernetesPod", name=f"pod-{c.number}", namespace=namespace(c), podIp=ip(c, c.ip), containers=[]),
    "kubernetesSecret": lambda c: typed("kubernetesSecret", name=f"secret-{c.number}", namespace=namespace(c), secretType="Opaque"),
    "kubernetesService": lambda c: typed("kubernetesService", name=f"svc-{c.number}", namespace=namespace(c), serviceType="loadBalancer",
                                         servicePorts=[{"name": "http", "port": 80, "protocol": "tcp", "targetPort": "8080"}]),
    "kubernetesServiceAccount": lambda c: typed("kubernetesServiceAccount", name=f"sa-{c.number}", namespace=namespace(c)),
    "mailbox": lambda c: typed("mailbox", displayName=c.user, primaryAddress=c.mail, upn=c.mail, userAccount=account(c)),
    "mailboxConfiguration": lambda c: typed("mailboxConfiguration", configurationId=f"rule-{c.number}", configurationType="mailForwardingRule", displayName=f"rule {c.number}", mailboxPrimaryAddress=c.mail),
    "mailCluster": lambda c: typed("mailCluster", clusterBy="Subject", clusterByValue=c.subject, emailCount=40, query=f"Subject:{c.number}", networkMessageIds=[c.guid]),
    "malware": lambda c: typed("malware", name=f"Trojan:Win32/Simulated.{c.number}", category="Trojan", files=[file(c)], processes=[]),
    "networkConnection": lambda c: typed("networkConnection", sourceAddress=ip(c, c.ip), destinationAddress=ip(c), sourcePort=50_000, destinationPort=443, protocol="tcp"),
    "nic": lambda c: typed("nic", ipAddress=ip(c, c.ip), macAddress=f"02:00:00:00:{c.number // 256 % 256:02x}:{c.number % 256:02x}", vlans=[]),
    "oauthApplication": lambda c: typed("oauthApplication", appId=c.guid, displayName=c.application, objectId=c.guid, publisher="Unverified"),
    "registryKey": lambda c: typed("registryKey", registryHive="HKEY_CURRENT_USER", registryKey=f"Software\\Run{c.number}"),
    "registryValue": lambda c: typed("registryValue", registryHive="HKEY_CURRENT_USER", registryKey=f"Software\\Run{c.number}", registryValueName="start", registryValue=c.file, registryValueType="String"),
    "sasToken": lambda c: typed("sasToken", allowedServices=["blob"], allowedResourceTypes=["object"], permissions=["read"], signatureHash=c.sha256[:20], storageResource=azure(c)),
    "securityGroup": lambda c: typed("securityGroup", displayName=f"Admins {c.number}", securityGroupId=c.guid, distinguishedName=f"CN=Admins {c.number}", friendlyName=None),
    "servicePrincipal": lambda c: typed("servicePrincipal", appId=c.guid, servicePrincipalName=c.application, servicePrincipalObjectId=c.guid, servicePrincipalType="application"),
    "submissionMail": lambda c: typed("submissionMail", subject=c.subject, recipient=c.mail, sender=f"a{c.number}@phish.example", reportType="Phish", submissionId=c.guid, submitter=c.mail),
    "teamsMessage": lambda c: typed("teamsMessage", messageId=str(c.number), subject=c.subject, senderFromAddress="helpdesk@phish.example", recipients=[c.mail], isExternal=True, deliveryAction="delivered", messageDirection="inbound"),
}  # fmt: skip


def item(kind: str, cast: Cast, created: str, verdict: str) -> Item:
    """The evidence as the wire has it: the common properties, then its own."""
    common: Item = {"createdDateTime": created, "verdict": verdict, "remediationStatus": "none",
              "remediationStatusDetails": None, "roles": [], "detailedRoles": [], "tags": []}  # fmt: skip
    return {**common, **BUILDERS[kind](cast)}
