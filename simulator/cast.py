"""Who and what a story is about: the people, machines and addresses of one invented organisation."""

import hashlib
import random
import re
import uuid
from dataclasses import dataclass
from functools import cache

FIRST = (
    "Astrid", "Björn", "Clara", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Karin", "Lucía",
    "Magnus", "Nadia", "Oskar", "Petra", "Quentin", "Rosa", "Sven", "Tove", "Amara", "Benoît", "Chloé", "Dmitri",
    "Esra", "Frida", "Gustav", "Hanne", "Ivana", "Jörg",
)  # fmt: skip
LAST = (
    "Ahlgren", "Becker", "Castillo", "Dahl", "Eriksen", "Fontaine", "Goulart", "Hansson", "Iversen", "Jansen",
    "Kowalska", "Lindqvist", "Moreau", "Nyberg", "Okafor", "Petrov", "Quiroga", "Rasmussen", "Sørensen", "Tanaka",
    "Ulvestad", "Vidal", "Wójcik", "Yılmaz",
)  # fmt: skip
PLAIN = str.maketrans("åäáöøóíîúéëèñçłýüıô", "aaaoooiiueeenclyuio")
FILES = ("invoice_{n}.exe", "setup-{n}.msi", "report_{n}.docm", "scan{n}.iso", "updater{n}.dll", "quote_{n}.js",
         "sdclient{n}.exe", "payroll-{n}.xlsm", "tender_{n}.lnk", "driverfix{n}.sys")  # fmt: skip
LONG = "Second reminder before your mailbox is closed, " * 40
HOSTILE = (
    "<script>alert({n})</script>", '"><img src=x onerror=alert({n})>', "=cmd|'/c calc'!A{n}", "invoice\u202ecod.{n}.exe",
    "{{{{ {n} }}}} ${{{n}}}", "line one\r\nline two {n}", "zero\u200bwidth\u2060 {n}", "naïve ☃ 🦉 {n}",
    "';drop table incidents;-- {n}", "tab\there \"and 'there' {n}", LONG + "{n}",
)  # fmt: skip
SUBJECTS = ("Overdue invoice {n}", "Shared document {n}", "Your parcel {n} waits", "Payroll change {n}", "Voice message {n}",
            "Benefits letter {n}", "Contract {n} to sign", "Password of {login} ends today ({n})")  # fmt: skip
APPLICATIONS = (
    "Mail Archiver {n}",
    "Sign Assist {n}",
    "Calendar Helper {n}",
    "Team Planner Plus {n}",
    "Inbox Sorter {n}",
    "PDF Bridge {n}",
)
REPOSITORIES = ("warehouse-api", "pricing", "deploy-scripts", "customer-portal", "telemetry", "mobile-app")
AGENTS = ("Desk helper {n}", "Claims assistant {n}", "Order guide {n}", "Travel desk {n}", "Policy finder {n}")
GROUPS = ("Domain Admins", "Backup Operators", "Server Admins", "Finance Approvers", "Remote Desktop Users")
COUNTRIES = (("NL", "Netherlands", "Amsterdam"), ("BR", "Brazil", "Recife"), ("VN", "Vietnam", "Hanoi"),
             ("ZA", "South Africa", "Durban"), ("RO", "Romania", "Cluj"), ("CA", "Canada", "Regina"))  # fmt: skip
DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True)
class Cast:
    """The parts of one story. `number` is unique in the tenant; `seen_at` is when the evidence at hand was seen."""

    user: str
    login: str
    domain: str
    device: str
    server: str
    ip: str
    attacker_ip: str
    file: str
    sha256: str
    sha1: str
    md5: str
    number: int
    subject: str
    url: str
    attacker_domain: str
    application: str
    repository: str
    agent: str
    group: str
    camera: str
    cluster: str
    pod: str
    storage: str
    country: tuple[str, str, str]
    guid: str
    tenant_id: str
    seen_at: str = "2026-01-01T00:00:00Z"

    @property
    def mail(self) -> str:
        return f"{self.login}@{self.domain}"

    def guid_of(self, thing: str) -> str:
        """Another id of the same story, the same every time."""
        return str(uuid.UUID(hashlib.md5(f"{self.guid}{thing}".encode(), usedforsecurity=False).hexdigest(), version=4))


@cache
def person(tenant_id: str, index: int) -> tuple[str, str]:
    """Name and sign-in name of an employee."""
    chance = random.Random(f"{tenant_id}person{index}")
    first, last = chance.choice(FIRST), chance.choice(LAST)
    return f"{first} {last}", f"{first}.{last}".lower().translate(PLAIN)


def prefix(domain: str) -> str:
    """What the organisation's machines are called by."""
    return re.sub("[^A-Z]", "", domain.upper())[:3]


def drawn(random: random.Random, tenant_id: str, domain: str, number: int, *, hostile: bool) -> Cast:
    """A cast from the organisation's own people and machines; `number` makes sure that no two are alike."""
    employee = random.randrange(40)
    user, login = person(tenant_id, employee)
    seed = f"{tenant_id}{number}".encode()
    ours = prefix(domain)
    attacker_domain = f"{random.choice(['login', 'docs', 'portal', 'cdn', 'secure'])}-{number}.phish.example"

    def text(choices: tuple[str, ...]) -> str:
        return random.choice(HOSTILE if hostile else choices).replace("{n}", str(number)).replace("{login}", login)

    return Cast(
        user=user, login=login, domain=domain,
        device=f"{ours}-WKS-{number:04d}", server=f"{ours}-{random.choice(['SQL', 'FILE', 'APP', 'DC'])}-{random.randint(1, 9):02d}",
        ip=f"10.{employee}.{number // 250 % 250}.{number % 250 + 2}",
        attacker_ip=f"{random.choice(DOCUMENTATION_NETWORKS)}.{random.randint(1, 254)}",
        file=text(FILES), sha256=hashlib.sha256(seed).hexdigest(),
        sha1=hashlib.sha1(seed, usedforsecurity=False).hexdigest(), md5=hashlib.md5(seed, usedforsecurity=False).hexdigest(),
        number=number, subject=text(SUBJECTS), url=f"https://{attacker_domain}/session", attacker_domain=attacker_domain,
        application=text(APPLICATIONS), repository=f"{random.choice(REPOSITORIES)}-{number}",
        agent=text(AGENTS), group=random.choice(GROUPS),
        camera=f"{ours.lower()}-camera-{number}", cluster=f"{ours.lower()}-aks-{number % 3 + 1}",
        pod=f"orders-{hashlib.sha256(seed).hexdigest()[:5]}-{number}", storage=f"{ours.lower()}archive{number}",
        country=random.choice(COUNTRIES), tenant_id=tenant_id,
        guid=str(uuid.UUID(hashlib.md5(seed, usedforsecurity=False).hexdigest(), version=4)),
    )  # fmt: skip
