# Phone Desk: the same image serves the web (the default command), the worker and one-off commands.
# By tag, not by digest: scripts/pin.sh pins it, with the images of compose.yaml.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app
COPY requirements/run.lock requirements/uv.lock requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.lock \
    && uv pip install --system --no-cache --compile-bytecode --require-hashes -r requirements/run.lock \
    && pip uninstall --yes --quiet uv

COPY . .
# Collecting files needs settings, and settings make secrets: those of the build are thrown away.
RUN python scripts/compile_translations.py locale/*/LC_MESSAGES/*.po \
    && DATA_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf /tmp/build \
    && useradd --system --uid 10001 --home-dir /data --no-create-home desk \
    && install -d -o desk -g desk -m 700 /data

USER desk
ENV DATA_DIR=/data BIND=0.0.0.0:8000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["gunicorn", "--no-control-socket"]
