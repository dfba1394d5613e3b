"""Evidence about cloud resources, containers, Kubernetes and source code."""

from simulator.cast import Cast
from simulator.evidence.shapes import Item, azure, ip, typed

LABELS = {"app": "orders"}


def namespace(c: Cast) -> Item:
    return typed("kubernetesNamespace", name="shop", cluster=cluster(c), labels={})


def cluster(c: Cast) -> Item:
    return typed(
        "kubernetesCluster",
        name=c.cluster,
        platform="aks",
        version="1.31.2",
        distribution="AKS",
        cloudResource=azure(c),
    )


def registry(c: Cast) -> Item:
    return typed("containerRegistry", registry=f"registry.{c.domain}")


def image(c: Cast) -> Item:
    digest = typed(
        "containerImage",
        imageId=f"registry.{c.domain}/orders@sha256:{c.sha256}",
        registry=registry(c),
        digestImage=None,
    )
    return typed(
        "containerImage", imageId=f"registry.{c.domain}/orders:{c.number}", registry=registry(c), digestImage=digest
    )


def container(c: Cast) -> Item:
    return typed(
        "container",
        name="orders",
        containerId=c.sha256[:12],
        image=image(c),
        args=["--mount", "/host"],
        command=["/bin/sh"],
        isPrivileged=True,
        pod=None,
    )


def controller(c: Cast) -> Item:
    return typed(
        "kubernetesController", name=c.pod.rsplit("-", 1)[0], namespace=namespace(c), type="ReplicaSet", labels=LABELS
    )


def account(c: Cast) -> Item:
    return typed("kubernetesServiceAccount", name=f"orders-{c.number}", namespace=namespace(c))


def pod(c: Cast) -> Item:
    return typed(
        "kubernetesPod",
        name=c.pod,
        namespace=namespace(c),
        podIp=ip(c, c.ip),
        containers=[container(c)],
        controller=controller(c),
        ephemeralContainers=[],
        initContainers=[],
        labels=LABELS,
        serviceAccount=account(c),
    )


def secret(c: Cast) -> Item:
    return typed("kubernetesSecret", name=f"orders-db-{c.number}", namespace=namespace(c), secretType="Opaque")


def service(c: Cast) -> Item:
    port = {
        "name": "http",
        "port": 80,
        "nodePort": 30_080,
        "protocol": "tcp",
        "targetPort": "8080",
        "appProtocol": None,
    }
    return typed(
        "kubernetesService",
        name=f"orders-{c.number}",
        namespace=namespace(c),
        serviceType="loadBalancer",
        servicePorts=[port],
        clusterIP=ip(c, "10.96.0.17"),
        externalIPs=[],
        labels=LABELS,
        selector=LABELS,
    )


def blob_container(c: Cast) -> Item:
    return typed(
        "blobContainer", name="exports", url=f"https://{c.storage}.blob.example/exports", storageResource=azure(c)
    )


def blob(c: Cast) -> Item:
    return typed(
        "blob",
        name=f"ledger-{c.number}.zip",
        url=f"https://{c.storage}.blob.example/exports/ledger-{c.number}.zip",
        etag=f"0x{c.md5[:15].upper()}",
        fileHashes=[{"algorithm": "md5", "value": c.md5}],
        blobContainer=blob_container(c),
    )


def sas_token(c: Cast) -> Item:
    return typed(
        "sasToken",
        allowedIpAddresses="0.0.0.0-255.255.255.255",
        allowedResourceTypes=["container", "object"],
        allowedServices=["blob"],
        permissions=["read", "list"],
        protocol="https",
        signatureHash=c.sha256[:40],
        signedWith="key1",
        startDateTime=c.seen_at,
        expiryDateTime="2030-01-01T00:00:00Z",
        storageResource=azure(c),
    )


def amazon(c: Cast) -> Item:
    number = f"{c.number:012d}"
    return typed(
        "amazonResource",
        amazonAccountId=number,
        amazonResourceId=f"arn:aws:ec2:eu-north-1:{number}:instance/i-{c.md5[:17]}",
        resourceName=f"i-{c.md5[:17]}",
        resourceType="EC2 Instance",
    )


def google(c: Cast) -> Item:
    project = f"analytics-{c.number}"
    return typed(
        "googleCloudResource",
        projectId=project,
        projectNumber=900_000 + c.number,
        location="europe-north1",
        locationType="regional",
        resourceName=f"bucket-{c.number}",
        resourceType="storage.googleapis.com/Bucket",
        fullResourceName=f"//storage.googleapis.com/projects/{project}/buckets/bucket-{c.number}",
    )


def organization(c: Cast) -> Item:
    login = c.domain.split(".")[0]
    return typed(
        "gitHubOrganization",
        login=login,
        displayName=login.title(),
        company=login.title(),
        email=None,
        orgId=str(70_000 + c.number),
        webUrl=f"https://github.example/{login}",
    )


def repository(c: Cast) -> Item:
    owner = c.domain.split(".")[0]
    return typed(
        "gitHubRepo",
        repoId=str(880_000 + c.number),
        login=c.repository,
        owner=owner,
        ownerType="Organization",
        baseUrl=f"https://github.example/{owner}/{c.repository}",
    )


def developer(c: Cast) -> Item:
    login = c.login.replace(".", "-")
    return typed(
        "gitHubUser",
        login=login,
        name=c.user,
        email=c.mail,
        userId=str(40_000 + c.number),
        webUrl=f"https://github.example/{login}",
    )


BUILDERS = {
    "kubernetesNamespace": namespace,
    "kubernetesCluster": cluster,
    "containerRegistry": registry,
    "containerImage": image,
    "container": container,
    "kubernetesController": controller,
    "kubernetesServiceAccount": account,
    "kubernetesPod": pod,
    "kubernetesSecret": secret,
    "kubernetesService": service,
    "blobContainer": blob_container,
    "blob": blob,
    "sasToken": sas_token,
    "azureResource": azure,
    "amazonResource": amazon,
    "googleCloudResource": google,
    "gitHubOrganization": organization,
    "gitHubRepo": repository,
    "gitHubUser": developer,
}
