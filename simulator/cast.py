"""Who and what a story is about: the people, machines and addresses of one invented organisation."""

import hashlib
import random
import uuid
from dataclasses import dataclass

FIRST = [
    "Astrid",
    "Björn",
    "Clara",
    "Dario",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Karin",
    "Lucía",
    "Magnus",
    "Nadia",
    "Oskar",
    "Petra",
    "Quentin",
    "Rosa",
    "Sven",
    "Tove",
]
LAST = [
    "Ahlgren",
    "Becker",
    "Castillo",
    "Dahl",
    "Eriksen",
    "Fontaine",
    "Goulart",
    "Hansson",
    "Iversen",
    "Jansen",
    "Kowalska",
    "Lindqvist",
    "Moreau",
    "Nyberg",
]
FILES = ("invoice_{n}.exe", "setup-{n}.msi", "report_{n}.docm", "scan{n}.iso", "updater{n}.dll", "quote_{n}.js")
HOSTILE = (
    "<script>alert({n})</script>", '"><img src=x onerror=alert({n})>', "=cmd|'/c calc'!A{n}", "invoice\u202ecod.{n}.exe",
    "{{{{ {n} }}}} ${{{n}}}", "line one\r\nline two {n}", "zero\u200bwidth {n}", "naïve ☃ 🦉 {n}",
)  # fmt: skip


@dataclass(frozen=True)
class Cast:
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
    number: int
    subject: str
    url: str
    application: str
    guid: str
    tenant_id: str

    @property
    def mail(self) -> str:
        return f"{self.login}@{self.domain}"


def drawn(random: random.Random, tenant_id: str, domain: str, number: int, *, hostile: bool) -> Cast:
    """A cast of the tenant; `number` is unique in the tenant, so no two are alike."""
    first, last = random.choice(FIRST), random.choice(LAST)
    seed = f"{tenant_id}{number}".encode()
    file = (
        random.choice(HOSTILE if hostile else FILES).replace("{n}", str(number)).replace("{{", "{").replace("}}", "}")
    )
    prefix = domain[:3].upper()
    return Cast(
        user=f"{first} {last}",
        login=f"{first}.{last}".lower().translate(str.maketrans("åäöíúéë", "aaoiuee")),
        domain=domain,
        device=f"{prefix}-WKS-{number:04d}",
        server=f"{prefix}-SRV-{number % 40:02d}",
        ip=f"10.{number // 250 % 250}.{number % 250}.{random.randint(2, 250)}",
        attacker_ip=f"{random.choice(['192.0.2', '198.51.100', '203.0.113'])}.{random.randint(1, 254)}",
        file=file,
        sha256=hashlib.sha256(seed).hexdigest(),
        sha1=hashlib.sha1(seed).hexdigest(),
        number=number,
        subject=f"{random.choice(['Overdue invoice', 'Shared document', 'Your parcel', 'Payroll change'])} {number}",
        url=f"https://login-{number}.phish.example/session",
        application=f"{random.choice(['Mail Archiver', 'Sign Assist', 'Calendar Helper'])} {number}",
        guid=str(uuid.UUID(hashlib.md5(seed).hexdigest())),
        tenant_id=tenant_id,
    )
