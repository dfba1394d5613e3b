"""Evidence about mail, Teams, sign-ins and applications."""

from simulator.cast import Cast
from simulator.evidence.shapes import Item, account, ip, typed, url, user


def sender(c: Cast) -> Item:
    return {"displayName": "Accounts", "domainName": c.attacker_domain, "emailAddress": f"billing@{c.attacker_domain}"}


def message(c: Cast) -> Item:
    return typed(
        "analyzedMessage",
        subject=c.subject,
        networkMessageId=c.guid_of("mail"),
        p1Sender=sender(c),
        p2Sender=sender(c),
        internetMessageId=f"<{c.guid_of('message')}@{c.attacker_domain}>",
        recipientEmailAddress=c.mail,
        senderIp=c.attacker_ip,
        urls=[c.url],
        urlCount=1,
        attachmentsCount=0,
        antiSpamDirection="Inbound",
        deliveryAction="DeliveredAsSpam",
        deliveryLocation="JunkFolder",
        language="en",
        threats=["Phish"],
        threatDetectionMethods=["FingerPrintMatch"],
        receivedDateTime=c.seen_at,
        urn=f"urn:MailEntity:{c.md5}",
    )


def mailbox(c: Cast) -> Item:
    return typed("mailbox", displayName=c.user, primaryAddress=c.mail, upn=c.mail, userAccount=account(c))


def rule(c: Cast) -> Item:
    return typed(
        "mailboxConfiguration",
        configurationId=f"{c.mail}\\{c.number}",
        configurationType="userInboxRule",
        displayName=".",
        mailboxPrimaryAddress=c.mail,
        upn=c.mail,
        externalDirectoryObjectId=c.guid_of(c.login),
    )


def cluster(c: Cast) -> Item:
    return typed(
        "mailCluster",
        clusterBy="Subject;P2SenderDomain",
        clusterByValue=f"{c.subject};{c.attacker_domain}",
        emailCount=20 + c.number % 90,
        networkMessageIds=[c.guid_of("mail")],
        urn=f"urn:MailCluster:{c.md5}",
        query=f'(P2SenderDomain:"{c.attacker_domain}") AND (NetworkMessageId:{c.guid_of("mail")})',
    )


def submission(c: Cast) -> Item:
    return typed(
        "submissionMail",
        subject=c.subject,
        recipient=c.mail,
        sender=f"billing@{c.attacker_domain}",
        senderIp=c.attacker_ip,
        reportType="Phish",
        submissionId=c.guid_of("submission"),
        submitter=c.mail,
        submissionDateTime=c.seen_at,
        networkMessageId=c.guid_of("mail"),
    )


def teams_message(c: Cast) -> Item:
    return typed(
        "teamsMessage",
        messageId=str(1_700_000_000_000 + c.number),
        subject=c.subject,
        isExternal=True,
        isOwned=False,
        senderFromAddress=f"helpdesk@{c.attacker_domain}",
        senderIP=c.attacker_ip,
        recipients=[c.mail],
        suspiciousRecipients=[],
        deliveryAction="delivered",
        deliveryLocation="teams",
        messageDirection="inbound",
        owningTenantId=c.guid_of("foreign"),
        threadId=f"19:{c.md5}@thread.v2",
        threadType="chat",
        urls=[url(c)],
        files=[],
        receivedDateTime=c.seen_at,
        lastModifiedDateTime=c.seen_at,
        sourceAppName="Teams",
        sourceId=None,
        campaignId=None,
        channelId=None,
        groupId=None,
        parentMessageId=None,
    )


def logon_session(c: Cast) -> Item:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
    return typed(
        "cloudLogonSession",
        account=user(c),
        browser="Chrome",
        deviceName=c.device,
        operatingSystem="Linux",
        previousLogonDateTime=None,
        protocol="OAuth2",
        sessionId=c.guid_of("session"),
        startUtcDateTime=c.seen_at,
        userAgent=agent,
    )


def logon_request(c: Cast) -> Item:
    return typed("cloudLogonRequest", requestId=c.guid_of("request"))


def cloud_application(c: Cast) -> Item:
    return typed(
        "cloudApplication",
        appId=20_000 + c.number,
        displayName=c.application,
        instanceId=0,
        instanceName="Default",
        saasAppId=11_161,
        stream=None,
    )


def oauth_application(c: Cast) -> Item:
    return typed(
        "oauthApplication",
        appId=c.guid_of(c.application),
        displayName=c.application,
        objectId=c.guid_of("object" + c.application),
        publisher="Unverified publisher",
    )


def service_principal(c: Cast) -> Item:
    return typed(
        "servicePrincipal",
        appId=c.guid_of(c.application),
        servicePrincipalName=c.application,
        servicePrincipalObjectId=c.guid_of("principal"),
        servicePrincipalType="application",
        tenantId=c.tenant_id,
        appOwnerTenantId=c.guid_of("foreign"),
    )


def agent(c: Cast) -> Item:
    return typed(
        "aiAgent",
        agentId=c.guid_of(c.agent),
        agentName=c.agent,
        hostingPlatformType="copilotStudio",
        instructions="Answer questions about orders. Never send files outside the organisation.",
    )


BUILDERS = {
    "analyzedMessage": message,
    "mailbox": mailbox,
    "mailboxConfiguration": rule,
    "mailCluster": cluster,
    "submissionMail": submission,
    "teamsMessage": teams_message,
    "cloudLogonSession": logon_session,
    "cloudLogonRequest": logon_request,
    "cloudApplication": cloud_application,
    "oauthApplication": oauth_application,
    "servicePrincipal": service_principal,
    "aiAgent": agent,
    "ip": ip,
    "url": url,
    "user": user,
}
