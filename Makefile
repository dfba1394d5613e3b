# `make demo` and `make test` are all a newcomer needs; both set up what they need first.
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.14 python3.11 python3,$(shell $(name) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && echo $(name))))
PORT ?= 8000
SIMULATOR_PORT ?= 8001
RUN := .venv/bin/python
STAMP := .venv/installed
LOCKS := requirements/base.txt requirements/dev.txt
FILES := -u SECRET_KEY_FILE -u DATABASE_URL_FILE -u DATABASE_WEB_URL_FILE -u DATABASE_OWNER_URL_FILE -u ENTRA_CLIENT_SECRET_FILE -u ENTRA_CLIENT_SECRET_NEXT -u ENTRA_CLIENT_SECRET_NEXT_FILE -u ENTRA_CERTIFICATE_NEXT -u ENTRA_SIGNIN_CLIENT_SECRET_FILE -u ENTRA_SIGNIN_CLIENT_ID -u ENTRA_SIGNIN_CLIENT_SECRET
# The demo never sees a developer's own settings.
DEMO := env -u DATABASE_URL -u DATABASE_WEB_URL -u DATABASE_OWNER_URL -u DATABASE_ROLE -u REDIS_URL -u ENTRA_CLIENT_ID -u ENTRA_CLIENT_SECRET -u ENTRA_CERTIFICATE -u MICROSOFT_CLOUD_URL -u PUBLIC_URL -u ENTRA_HOME_TENANT_ID -u SECRET_KEY -u DEBUG -u ENTRA_SIGNIN_CLIENT_ID -u ENTRA_SIGNIN_CLIENT_SECRET -u PROVIDER_NAME -u PROVIDER_CONTACT -u PROXIES $(FILES) ENV_FILE=/dev/null STATE_DIR=var/demo

.PHONY: setup demo run doctor stop reset browser test lint audit format bench prove chaos lock

setup: $(STAMP)
	@$(RUN) manage.py migrate --verbosity 0

$(STAMP): $(LOCKS)
	@test -n "$(PYTHON)" || { echo "Utkik needs Python 3.11 to 3.14; none was found. Set PYTHON=…"; exit 1; }
	@echo "Setting up .venv …"
	@$(PYTHON) -m venv .venv --clear
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@touch $(STAMP)

demo: $(STAMP)
	@$(DEMO) $(RUN) manage.py demo --port $(PORT) --simulator-port $(SIMULATOR_PORT)

run: $(STAMP)
	@$(RUN) manage.py run

# Checks a real installation, and says what to mend. TENANT= names the directory whose token is asked for.
doctor: $(STAMP)
	@$(RUN) manage.py doctor $(if $(TENANT),--tenant $(TENANT))

stop: $(STAMP)
	@env ENV_FILE=/dev/null STATE_DIR=var/live $(RUN) manage.py stop

# The demo's data; with ALL=1 the real installation's too, after a question.
reset: stop
	@rm -rf var/demo && echo "Removed var/demo."
ifdef ALL
	@printf 'Remove var/live, with every incident and the secret key? Type yes: '; read answer; \
	if [ "$$answer" = yes ]; then rm -rf var/live && echo "Removed var/live."; else echo "Kept var/live."; fi
endif

# The tests' browser: the machine's own, or else Playwright's where it can be had.
browser: $(STAMP)
	@for name in "$(CHROMIUM)" chromium chromium-browser google-chrome "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do \
	    command -v "$$name" >/dev/null 2>&1 && exit 0; done; \
	$(RUN) -m playwright install chromium >/dev/null 2>&1 || echo "No browser was found and none could be installed: its tests are skipped. Name one in CHROMIUM."

test: $(STAMP) browser
	@$(RUN) -m pytest -q

lint: $(STAMP)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy .
	@.venv/bin/lint-imports
	@env ENV_FILE=/dev/null STATE_DIR=var/test $(RUN) manage.py makemigrations --check --dry-run
	@$(RUN) -m bandit --quiet --configfile pyproject.toml --severity-level medium --recursive manage.py portal incidents tenants accounts defender

# Known vulnerabilities of what is locked; apart from lint, since it needs the network. What could not be asked
# about is a failure too: pip-audit itself would call it well.
audit: $(STAMP)
	@$(RUN) -m pip_audit --strict --disable-pip --require-hashes --progress-spinner off --requirement requirements/dev.txt \
	    || { echo "Not audited, or vulnerable: the lines above say which. It needs the network."; exit 1; }

format: $(STAMP)
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

# How fast, how fresh and how large, beside references of the same run; PARTS= names some of store, line, fleet, backfill.
bench: $(STAMP)
	@$(RUN) -m bench $(PARTS)

prove: $(STAMP)
	@$(RUN) -m pytest -q -s tests/prove

# Kills everything while everything goes wrong, for so many minutes; with the defaults 200 kills must hit a reader.
MINUTES ?= 30
TENANTS ?= 12
HITS ?= 200
chaos: $(STAMP)
	@$(RUN) -m tests.chaos --minutes $(MINUTES) --tenants $(TENANTS) --hits $(HITS)

lock:
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/base.in --output-file requirements/base.txt
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --constraint requirements/base.txt requirements/dev.in --output-file requirements/dev.txt
