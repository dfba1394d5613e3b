# One image for web, worker, beat, migration and doctor; docker-compose.yml says who is which.
FROM python:3.13-slim-trixie AS build
COPY requirements/base.txt /tmp/base.txt
# Wheels only, each with the hash that was locked: nothing is compiled and nothing else is fetched.
RUN python -m venv /opt/utkik \
    && /opt/utkik/bin/pip install --no-cache-dir --disable-pip-version-check \
       --require-hashes --only-binary :all: --requirement /tmp/base.txt

FROM python:3.13-slim-trixie
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin utkik
COPY --from=build /opt/utkik /opt/utkik
WORKDIR /srv/utkik
COPY . .
ENV PATH=/opt/utkik/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENV_FILE=/dev/null \
    STATE_DIR=/var/lib/utkik
# Collected once, here, and owned by root: no process of ours can change what browsers are given.
RUN SECRET_KEY=only-to-collect python manage.py collectstatic --noinput --verbosity 0
USER 10001
EXPOSE 8000
# Not by urllib, which would ask a proxy of the environment.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=5); c.request('GET', '/healthz/web'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["run", "web", "--host", "0.0.0.0", "--port", "8000"]
