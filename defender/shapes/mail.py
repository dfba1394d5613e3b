"""Evidence in mail and Teams messages."""

from msgspec import field

from defender.shapes.base import Evidence
from defender.shapes.endpoint import FileEvidence
from defender.shapes.network import UrlEvidence
from defender.shapes.values import EmailSender, UserAccount


class AnalyzedMessageEvidence(Evidence, frozen=True, kw_only=True):
    anti_spam_direction: str | None = None
    attachments_count: int | None = None
    delivery_action: str | None = None
    delivery_location: str | None = None
    internet_message_id: str | None = None
    language: str | None = None
    network_message_id: str | None = None
    p1_sender: EmailSender | None = None
    p2_sender: EmailSender | None = None
    received_date_time: str | None = None
    recipient_email_address: str | None = None
    sender_ip: str | None = None
    subject: str | None = None
    threat_detection_methods: list[str | None] | None = None
    threats: list[str | None] | None = None
    url_count: int | None = None
    urls: list[str | None] | None = None
    urn: str | None = None


class MailboxEvidence(Evidence, frozen=True, kw_only=True):
    display_name: str | None = None
    primary_address: str | None = None
    upn: str | None = None
    user_account: UserAccount | None = None


class MailboxConfigurationEvidence(Evidence, frozen=True, kw_only=True):
    configuration_id: str | None = None
    configuration_type: str | None = None
    display_name: str | None = None
    external_directory_object_id: str | None = None
    mailbox_primary_address: str | None = None
    upn: str | None = None


class MailClusterEvidence(Evidence, frozen=True, kw_only=True):
    cluster_by: str | None = None
    cluster_by_value: str | None = None
    email_count: int | None = None
    network_message_ids: list[str | None] | None = None
    query: str | None = None
    urn: str | None = None


class SubmissionMailEvidence(Evidence, frozen=True, kw_only=True):
    network_message_id: str | None = None
    recipient: str | None = None
    report_type: str | None = None
    sender: str | None = None
    sender_ip: str | None = None
    subject: str | None = None
    submission_date_time: str | None = None
    submission_id: str | None = None
    submitter: str | None = None


class TeamsMessageEvidence(Evidence, frozen=True, kw_only=True):
    campaign_id: str | None = None
    channel_id: str | None = None
    delivery_action: str | None = None
    delivery_location: str | None = None
    files: list[FileEvidence | None] | None = None
    group_id: str | None = None
    is_external: bool | None = None
    is_owned: bool | None = None
    last_modified_date_time: str | None = None
    message_direction: str | None = None
    message_id: str | None = None
    owning_tenant_id: str | None = None
    parent_message_id: str | None = None
    received_date_time: str | None = None
    recipients: list[str | None] | None = None
    sender_from_address: str | None = None
    sender_ip: str | None = field(default=None, name="senderIP")
    source_app_name: str | None = None
    source_id: str | None = None
    subject: str | None = None
    suspicious_recipients: list[str | None] | None = None
    thread_id: str | None = None
    thread_type: str | None = None
    urls: list[UrlEvidence | None] | None = None
