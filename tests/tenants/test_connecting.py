"""A directory is connected when consent is proved, and only then."""

from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command

from tenants import connecting
from tenants.models import Customer, Tenant

pytestmark = pytest.mark.django_db
READ = {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}


def refused(*arguments, **options):
    with pytest.raises(CommandError) as caught:
        call_command("connect", *arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def nothing_is_left():
    return not Tenant.objects.exists() and not Customer.objects.exists()


def test_connected_with_read_roles_only(directory):
    directory.roles = set(READ)
    call_command("connect", "Halden", directory.id)
    tenant = Tenant.objects.get()
    assert (tenant.customer.name, str(tenant.entra_id), tenant.state, tenant.can_write) == (
        "Halden",
        directory.id,
        "connected",
        False,
    )


def test_read_write_includes_read(directory):
    directory.roles = {"SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All"}
    assert connecting.connect("Halden", UUID(directory.id)).can_write


@pytest.mark.parametrize("missing", sorted(READ))
def test_a_missing_role_is_named_and_nothing_stays_behind(directory, missing):
    directory.roles = READ - {missing}
    assert missing in refused("Halden", directory.id)
    assert nothing_is_left()


def test_a_directory_without_consent_is_refused(directory):
    directory.consented = False
    assert "consent" in refused("Halden", directory.id)
    assert nothing_is_left()


def test_a_token_alone_is_no_proof(directory, world):
    world.faults.add("status", value=403, times=2)
    assert refused("Halden", directory.id)
    assert nothing_is_left()


def test_an_error_page_in_place_of_an_answer_is_no_proof(directory, world):
    world.faults.add("html", value=200)
    assert refused("Halden", directory.id)
    assert nothing_is_left()


def test_an_unknown_directory_and_a_malformed_one(world):
    assert "no directory" in refused("Halden", str(uuid4()))
    assert "is not a directory" in refused("Halden", "halden.example")
    assert nothing_is_left()


def test_a_directory_belongs_to_one_customer_whose_name_stays_unsaid(tenant, directory):
    sentence = refused("Somebody else", directory.id)
    assert "already belongs" in sentence
    assert tenant.customer.name not in sentence


def test_a_refusal_leaves_a_connected_directory_as_it_was(tenant, directory):
    directory.consented = False
    refused(tenant.customer.name, directory.id)
    assert Tenant.objects.get().state == "connected"


def test_waiting_goes_on_while_entra_spreads_the_consent(directory, world, monkeypatch):
    directory.consented = False
    monkeypatch.setattr(connecting, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(connecting.time, "sleep", lambda seconds: setattr(directory, "consented", True))
    call_command("connect", "Halden", directory.id, "--wait", "5")
    assert Tenant.objects.get().state == "connected"


def test_disconnect_ends_the_polls_and_connect_takes_up_again(tenant, directory):
    call_command("disconnect", directory.id)
    assert not Tenant.objects.connected().exists()
    call_command("connect", tenant.customer.name, directory.id)
    assert Tenant.objects.connected().get() == tenant
    with pytest.raises(CommandError, match="No directory"):
        call_command("disconnect", str(uuid4()))


def test_an_approval_given_again_leaves_a_connected_directory_connected_since_when_it_was(tenant, directory):
    since = tenant.connected_at
    again = connecting.connect(tenant.customer.name, tenant.entra_id)
    assert again.connected_at == since < again.approved_at
    connecting.disconnect(tenant.entra_id)
    third = connecting.connect(tenant.customer.name, tenant.entra_id)
    assert third.connected_at == third.approved_at > again.approved_at


def test_a_file_is_checked_whole_before_the_first_is_connected(directory, tmp_path, capsys):
    file = tmp_path / "customers.csv"
    file.write_text(f"name,tenant\nHalden,{directory.id}\nMora,nonsense\n")
    assert "Line 3" in refused("--csv", str(file))
    assert nothing_is_left()
    file.write_text(f"name,tenant\nHalden,{directory.id}\n\n")
    call_command("connect", "--csv", str(file), "--dry-run")
    assert nothing_is_left()
    call_command("connect", "--csv", str(file))
    assert Customer.objects.get().name == "Halden"


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    assert "cannot be read" in refused("--csv", str(tmp_path / "none.csv"))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refused("--csv", str(tmp_path / "binary.csv"))


def test_without_a_client_id_the_setting_is_named(settings, directory):
    from django.core.exceptions import ImproperlyConfigured

    settings.ENTRA_CLIENT_ID = ""
    with pytest.raises(ImproperlyConfigured, match="ENTRA_CLIENT_ID is not set"):
        call_command("connect", "Halden", directory.id)
