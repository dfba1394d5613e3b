"""Evidence that Defender for Endpoint and Defender for Identity bring."""

from simulator.cast import Cast
from simulator.evidence.shapes import Item, account, file, file_details, ip, typed, user


def device(c: Cast, name: str = "") -> Item:
    """The person's workstation, or the machine that is named."""
    host = name or c.device
    return typed(
        "device",
        azureAdDeviceId=c.guid_of(host),
        deviceDnsName=f"{host.lower()}.{c.domain}",
        hostName=host,
        dnsDomain=c.domain,
        ntDomain=None,
        mdeDeviceId=c.sha1,
        firstSeenDateTime="2025-03-04T08:15:30.25Z",
        osPlatform="WindowsServer2022" if name else "Windows11",
        osBuild=20348 if name else 26100,
        version="21H2" if name else "24H2",
        healthStatus="active",
        riskScore="high",
        rbacGroupId=12,
        rbacGroupName="Servers" if name else "Workstations",
        onboardingStatus="onboarded",
        defenderAvStatus="updated",
        lastIpAddress=c.ip,
        lastExternalIpAddress="198.51.100.7",
        ipInterfaces=[c.ip],
        loggedOnUsers=[{"accountName": c.login, "domainName": c.domain}],
        resourceAccessEvents=[],
        vmMetadata=None,
    )


def server(c: Cast) -> Item:
    return device(c, c.server)


def process(c: Cast) -> Item:
    return typed(
        "process",
        detectionStatus="detected",
        imageFile=file_details(c),
        processId=4000 + c.number,
        processCommandLine=f'"{c.file}" /quiet --id {c.number}',
        processCreationDateTime=c.seen_at,
        parentProcessId=812,
        parentProcessCreationDateTime=c.seen_at,
        userAccount=account(c),
        mdeDeviceId=c.sha1,
        parentProcessImageFile={**file_details(c), "fileName": "explorer.exe", "filePath": "C:\\Windows"},
    )


def malware(c: Cast) -> Item:
    return typed("malware", name=f"Trojan:Win32/Simulated.{c.number}", category="Trojan", files=[file(c)], processes=[])


def file_hash(c: Cast) -> Item:
    return typed("fileHash", algorithm="sha256", value=c.sha256)


def registry_key(c: Cast) -> Item:
    return typed("registryKey", registryHive="HKEY_CURRENT_USER", registryKey=RUN)


def registry_value(c: Cast) -> Item:
    return typed(
        "registryValue",
        registryHive="HKEY_CURRENT_USER",
        registryKey=RUN,
        registryValueName=f"Start{c.number}",
        registryValue=f"C:\\Users\\{c.login}\\Downloads\\{c.file}",
        registryValueType="String",
        mdeDeviceId=c.sha1,
    )


def connection(c: Cast) -> Item:
    return typed(
        "networkConnection",
        sourceAddress=ip(c, c.ip),
        destinationAddress=ip(c),
        sourcePort=50_000 + c.number % 9999,
        destinationPort=443,
        protocol="tcp",
    )


def dns(c: Cast) -> Item:
    return typed(
        "dns",
        domainName=c.attacker_domain,
        dnsServerIp=ip(c, "10.0.0.53"),
        hostIpAddress=ip(c, c.ip),
        ipAddresses=[ip(c)],
    )


def host_session(c: Cast) -> Item:
    return typed(
        "hostLogonSession",
        account=user(c),
        host=server(c),
        sessionId=str(100_000 + c.number),
        startUtcDateTime=c.seen_at,
        endUtcDateTime=None,
    )


def group(c: Cast) -> Item:
    name = f"CN={c.group},OU=Groups,DC={c.domain.replace('.', ',DC=')}"
    return typed(
        "securityGroup",
        displayName=c.group,
        friendlyName=c.group,
        distinguishedName=name,
        securityGroupId=c.guid_of(c.group),
        activeDirectoryObjectGuid=c.guid_of("ad" + c.group),
        sid=f"S-1-5-21-{int(c.md5[:8], 16)}-512",
    )


def directory(c: Cast) -> Item:
    trusted = typed("activeDirectoryDomain", activeDirectoryDomainName=f"corp.{c.domain}", trustedDomains=[])
    return typed("activeDirectoryDomain", activeDirectoryDomainName=c.domain, trustedDomains=[trusted])


def network_card(c: Cast) -> Item:
    digits = f"{c.number:06x}"
    return typed(
        "nic", ipAddress=ip(c, c.ip), macAddress=f"02:00:00:{digits[:2]}:{digits[2:4]}:{digits[4:6]}", vlans=["17"]
    )


def thing(c: Cast) -> Item:
    return typed(
        "ioTDevice",
        deviceId=c.guid_of(c.camera),
        deviceName=c.camera,
        deviceType="Camera",
        deviceSubType="Dome",
        devicePageLink=None,
        importance="normal",
        ipAddress=ip(c, c.ip),
        macAddress=network_card(c)["macAddress"],
        manufacturer="Optik Example",
        model="D-4",
        nics=[network_card(c)],
        operatingSystem="Embedded Linux",
        owners=[c.mail],
        protocols=["RTSP", "ONVIF"],
        purdueLayer="ProcessControl",
        sensor="floor-sensor",
        serialNumber=c.md5[:12],
        site="Plant 1",
        source="Simulated",
        zone="Yard",
        ioTHub=None,
        sourceRef=None,
        ioTSecurityAgentId=None,
        isAuthorized=True,
        isProgramming=False,
        isScanner=False,
    )


RUN = "Software\\Microsoft\\Windows\\CurrentVersion\\Run"
BUILDERS = {
    "device": device,
    "server": server,
    "process": process,
    "malware": malware,
    "fileHash": file_hash,
    "registryKey": registry_key,
    "registryValue": registry_value,
    "networkConnection": connection,
    "dns": dns,
    "hostLogonSession": host_session,
    "securityGroup": group,
    "activeDirectoryDomain": directory,
    "nic": network_card,
    "ioTDevice": thing,
}
