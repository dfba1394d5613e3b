"""Which registration people sign in with: one of its own, or else the monitor's."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

GUID = "22222222-2222-4222-8222-222222222222"
OTHER = "99999999-9999-4999-8999-999999999999"
SCRIPT = (
    "import json, django; django.setup(); from django.conf import settings as s; "
    "print(json.dumps([s.SIGN_IN_CLIENT_ID, s.SIGN_IN_CLIENT_SECRET, s.SIGN_IN_CERTIFICATE]))"
)


def run(tmp_path, *command, **env):
    own = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "STATE_DIR": str(tmp_path)}
    own["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    return subprocess.run(
        [sys.executable, *command], cwd=settings.BASE_DIR, env=own | env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, ["", "", ""]),
        ({"ENTRA_CLIENT_ID": OTHER, "ENTRA_CLIENT_SECRET": "m"}, [OTHER, "m", ""]),
        ({"ENTRA_CLIENT_ID": OTHER, "ENTRA_CERTIFICATE": "/x.pem"}, [OTHER, "", "/x.pem"]),
        ({"ENTRA_CLIENT_ID": OTHER, "ENTRA_CERTIFICATE": "/x.pem", "ENTRA_SIGNIN_CLIENT_ID": GUID.upper(),
          "ENTRA_SIGNIN_CLIENT_SECRET": "s"}, [GUID, "s", ""]),
    ],
)  # fmt: skip
def test_sign_in_has_its_own_registration_or_the_monitors(tmp_path, env, expected):
    assert json.loads(run(tmp_path, "-c", SCRIPT, **env).stdout) == expected


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"ENTRA_SIGNIN_CLIENT_ID": "12", "ENTRA_SIGNIN_CLIENT_SECRET": "s3cret"}, "must be a GUID"),
        ({"ENTRA_SIGNIN_CLIENT_ID": GUID}, "must be set together"),
        ({"ENTRA_SIGNIN_CLIENT_SECRET": "s3cret"}, "must be set together"),
    ],
)
def test_a_malformed_registration_is_one_sentence(tmp_path, env, named):
    result = run(tmp_path, "manage.py", "check", **env)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert named in result.stderr and "s3cret" not in result.stderr
