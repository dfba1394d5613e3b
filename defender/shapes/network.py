"""Evidence on the network: addresses, names, connections."""

from defender.shapes.base import Evidence
from defender.shapes.values import GeoLocation, Stream


class IpEvidence(Evidence, frozen=True, kw_only=True):
    country_letter_code: str | None = None
    ip_address: str | None = None
    location: GeoLocation | None = None
    stream: Stream | None = None


class UrlEvidence(Evidence, frozen=True, kw_only=True):
    url: str | None = None


class DnsEvidence(Evidence, frozen=True, kw_only=True):
    dns_server_ip: IpEvidence | None = None
    domain_name: str | None = None
    host_ip_address: IpEvidence | None = None
    ip_addresses: list[IpEvidence | None] | None = None


class NetworkConnectionEvidence(Evidence, frozen=True, kw_only=True):
    destination_address: IpEvidence | None = None
    destination_port: int | None = None
    protocol: str | None = None
    source_address: IpEvidence | None = None
    source_port: int | None = None


class NicEvidence(Evidence, frozen=True, kw_only=True):
    ip_address: IpEvidence | None = None
    mac_address: str | None = None
    vlans: list[str | None] | None = None
