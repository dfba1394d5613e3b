"""All settings; the only file that reads the environment. `.env.example` explains each variable."""

import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.secret_key import made_once

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# The demo and the tests name another file, so that real credentials never mix with a simulated cloud.
ENV_FILE = Path(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))
if ENV_FILE.is_file():
    env.read_env(str(ENV_FILE))

# In place of the value, a file that holds it: how Docker and others hand over secrets.
FILES = (
    "SECRET_KEY_FILE", "ENTRA_CLIENT_SECRET_FILE", "ENTRA_CLIENT_SECRET_NEXT_FILE", "ENTRA_SIGNIN_CLIENT_SECRET_FILE",
    "DATABASE_URL_FILE", "DATABASE_WEB_URL_FILE", "DATABASE_OWNER_URL_FILE",
)  # fmt: skip
NAMES = (
    "DEBUG", "PUBLIC_URL", "SECRET_KEY", "MICROSOFT_CLOUD_URL", "ENTRA_CLIENT_ID", "ENTRA_CLIENT_SECRET",
    "ENTRA_CERTIFICATE", "ENTRA_CLIENT_SECRET_NEXT", "ENTRA_CERTIFICATE_NEXT", "ENTRA_HOME_TENANT_ID",
    "ENTRA_SIGNIN_CLIENT_ID", "ENTRA_SIGNIN_CLIENT_SECRET", "DATABASE_URL", "DATABASE_WEB_URL", "DATABASE_OWNER_URL",
    "DATABASE_ROLE", "REDIS_URL", "PROVIDER_NAME", "PROVIDER_CONTACT", "GRAPH_REQUESTS_PER_MINUTE", "SYNC_THREADS",
    "SYNC_INTERVAL_SECONDS", "SYNC_QUIET_SECONDS", "SYNC_LEASE_SECONDS", "PROXIES",
)  # fmt: skip
# What was given, as it was given: the processes we start get it from us and need no file.
ENVIRONMENT = {name: env.str(name) for name in NAMES + FILES if name in env.ENVIRON}

DEBUG = env.bool("DEBUG", default=False)
STATE_DIR = (BASE_DIR / (env.str("STATE_DIR", default="") or "var/live")).resolve()


def secret(name: str) -> str:
    """The value, or the text of the file that NAME_FILE names; '' when neither is set."""
    value, path = env.str(name, default=""), env.str(f"{name}_FILE", default="")
    if value and path:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: only one may be.")
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else value
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {path}") from error


def web_address(name: str, default: str) -> str:
    """An http(s) address without a path, from the environment."""
    value = (env.str(name, default="") or default).rstrip("/")
    parts = address(name, value)
    extra = parts.path or parts.query or parts.fragment or parts.username
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or extra):
        raise ImproperlyConfigured(f"{name} must be an address like https://utkik.example, not {value!r}.")
    return value


def address(name: str, value: str) -> SplitResult:
    """The parts of an address; ImproperlyConfigured when it has none. It may hold a password and is not repeated."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a well-formed address.") from error
    return parts


def guid(name: str) -> str:
    value = env.str(name, default="").strip()
    if value and not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise ImproperlyConfigured(f"{name} must be a GUID like 00000000-0000-0000-0000-000000000000.")
    return value.lower()


PUBLIC_URL = web_address("PUBLIC_URL", "http://localhost:8000")
SECURE = PUBLIC_URL.startswith("https://")
if DEBUG and SECURE:
    raise ImproperlyConfigured("DEBUG shows code to whoever causes an error, and is refused with an https PUBLIC_URL.")
SECRET_KEY = secret("SECRET_KEY") or made_once(STATE_DIR / "secret-key")

# Microsoft. Empty: the real cloud. The web needs the client ID only, and never the credential.
MICROSOFT_CLOUD_URL = web_address("MICROSOFT_CLOUD_URL", "")
if MICROSOFT_CLOUD_URL and SECURE:
    raise ImproperlyConfigured("MICROSOFT_CLOUD_URL is for a simulated cloud and is refused with an https PUBLIC_URL.")
ENTRA_CLIENT_ID = guid("ENTRA_CLIENT_ID")
ENTRA_CLIENT_SECRET = secret("ENTRA_CLIENT_SECRET")
ENTRA_CERTIFICATE = env.str("ENTRA_CERTIFICATE", default="")
# While it is being changed: the one that is to stay, used as soon as Entra knows it.
ENTRA_CLIENT_SECRET_NEXT = secret("ENTRA_CLIENT_SECRET_NEXT")
ENTRA_CERTIFICATE_NEXT = env.str("ENTRA_CERTIFICATE_NEXT", default="")
ENTRA_HOME_TENANT_ID = guid("ENTRA_HOME_TENANT_ID")

# Sign-in. Its own registration, so that the web never holds the monitor credential; unset, people sign in with the
# monitor registration, and the web is given what it should not need.
ENTRA_SIGNIN_CLIENT_ID = guid("ENTRA_SIGNIN_CLIENT_ID")
ENTRA_SIGNIN_CLIENT_SECRET = secret("ENTRA_SIGNIN_CLIENT_SECRET")
if bool(ENTRA_SIGNIN_CLIENT_ID) != bool(ENTRA_SIGNIN_CLIENT_SECRET):
    raise ImproperlyConfigured("ENTRA_SIGNIN_CLIENT_ID and ENTRA_SIGNIN_CLIENT_SECRET must be set together.")
SIGN_IN_CLIENT_ID = ENTRA_SIGNIN_CLIENT_ID or ENTRA_CLIENT_ID
SIGN_IN_CLIENT_SECRET = ENTRA_SIGNIN_CLIENT_SECRET if ENTRA_SIGNIN_CLIENT_ID else ENTRA_CLIENT_SECRET
SIGN_IN_CERTIFICATE = "" if ENTRA_SIGNIN_CLIENT_ID else ENTRA_CERTIFICATE
# What customers read when they are asked to approve: who asks, and whom they can ask.
PROVIDER_NAME = env.str("PROVIDER_NAME", default="").strip() or "Utkik"
PROVIDER_CONTACT = env.str("PROVIDER_CONTACT", default="").strip()

# PostgreSQL and Redis. Empty: the embedded servers under STATE_DIR, started by whoever needs one.
# The web comes to PostgreSQL as a role that sees what the person in front of it may see, everything else as one that
# sees all; `migrate` alone comes as the owner. portal/embedded/postgresql/refusals.py holds each to its role.
DATABASE_ROLE = env.str("DATABASE_ROLE", default="") or "worker"
if DATABASE_ROLE not in ("web", "worker"):
    raise ImproperlyConfigured(f"DATABASE_ROLE must be web or worker, not {DATABASE_ROLE!r}.")
DATABASE_OWNER_URL = secret("DATABASE_OWNER_URL")
DATABASE_URL = (secret("DATABASE_WEB_URL") if DATABASE_ROLE == "web" else "") or secret("DATABASE_URL")
REDIS_URL = env.str("REDIS_URL", default="")
for name, value in {"DATABASE_URL": DATABASE_URL, "DATABASE_OWNER_URL": DATABASE_OWNER_URL}.items():
    if value and address(name, value).scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"{name} must begin with postgres://: Utkik needs PostgreSQL.")
if REDIS_URL and address("REDIS_URL", REDIS_URL).scheme not in ("redis", "rediss", "redis+socket", "unix"):
    raise ImproperlyConfigured("REDIS_URL must begin with redis:// or rediss://.")


def database(url: str, role: str) -> dict[str, object]:
    """How Django comes to PostgreSQL; without an address to the embedded one."""
    own = {"ENGINE": "portal.embedded.postgresql", "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    return {"OPTIONS": {}} | env.db_url_config(url or "postgres:///utkik") | own | {"ROLE": role, "EMBEDDED": not url}


DATABASES = {"default": database(DATABASE_URL, DATABASE_ROLE)}
# For the command `migrate`, which takes its place for as long as it runs.
DATABASE_OWNER = database(DATABASE_OWNER_URL or DATABASE_URL, "owner")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_htmx",
    "lucide",
    "portal",
    "accounts",
    "tenants",
    "incidents",
]
MIDDLEWARE = [
    "portal.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.Audit",
    "accounts.middleware.Session",
    # Outside of every transaction: a request that waits must not make those of the same person wait.
    "accounts.limits.Limits",
    # From here on the database shows the rows of this person's customers only.
    "tenants.middleware.Walls",
    "accounts.middleware.Preferences",
    # Private by default: a page that strangers may see says so itself.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.page",
                "tenants.context.provider",
                "incidents.context.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "lucide.templatetags.lucide",
                "accounts.templatetags.text",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    # The local operator's password and code; then the people whom Entra has proven.
    "accounts.break_glass.Backend",
    "accounts.backends.StaffBackend",
    "tenants.backends.CustomerBackend",
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "queue"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]

ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or "localhost"]
if not SECURE:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_NAME = "utkik-session"
CSRF_COOKIE_NAME = "utkik-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
# accounts.sessions ends one that is unused or too long; this is when the last trace of it may go.
SESSION_COOKIE_AGE = 12 * 3600
# How many proxies stand before the web, each of which adds to X-Forwarded-For; https is spoken by one at least.
PROXIES = env.int("PROXIES", default=1 if SECURE else 0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 5
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
# Whether every name below ours speaks https is not ours to promise, nor is a place in the browsers' lists.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
OWN = ("script-src", "style-src", "img-src", "font-src", "connect-src", "form-action")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": dict.fromkeys(("default-src", "base-uri", "frame-ancestors"), [NONE]) | dict.fromkeys(OWN, [SELF])
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Takes secrets out of whatever anybody logs, then sets up what follows.
LOGGING_CONFIG = "portal.redaction.configure"
DEFAULT_EXCEPTION_REPORTER_FILTER = "portal.redaction.ErrorReport"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Addresses of requests carry filters and ids; tokens are in headers, but nobody needs either at INFO.
    "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}, "msal": {"level": "WARNING"}},
}


def positive(name: str, default: int) -> int:
    value = env.int(name, default=default)
    if value < 1:
        raise ImproperlyConfigured(f"{name} must be at least 1, not {value}.")
    return int(value)


# How many requests one tenant is asked in any minute at most; thirty times as many in any hour.
GRAPH_REQUESTS_PER_MINUTE = positive("GRAPH_REQUESTS_PER_MINUTE", 50)
# How often a tenant is read in which something changes, and one that is quiet.
SYNC_INTERVAL_SECONDS = positive("SYNC_INTERVAL_SECONDS", 30)
SYNC_QUIET_SECONDS = positive("SYNC_QUIET_SECONDS", 300)
# How many tenants one worker process waits for at once, and how long one of them may keep a stream to itself.
SYNC_THREADS = positive("SYNC_THREADS", 32)
SYNC_LEASE_SECONDS = positive("SYNC_LEASE_SECONDS", 120)

# Celery messages are wake-ups: no result, no pickle, and a lost one costs one tick.
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A page that wakes a worker must not hang on a server that does not answer.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 5, "max_retries": 1, "interval_start": 0}
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    # Finds in the database which streams are due and wakes workers for them.
    "tick": {"task": "incidents.tasks.tick", "schedule": 10.0, "options": {"expires": 10.0}},
    # Proves the consents that were given and are not proved yet.
    "prove": {"task": "tenants.tasks.prove", "schedule": 10.0, "options": {"expires": 10.0}},
    # Says for how long the monitor credential is good.
    "credentials": {"task": "tenants.tasks.look_at_credentials", "schedule": 60.0, "options": {"expires": 60.0}},
}
