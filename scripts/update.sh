#!/usr/bin/env bash
# Locks the newest packages that pyproject.toml allows, and makes them its floors: nobody installs one without the fixes
# that the lock has. `make check` and `make test` have to pass afterwards; CHANGELOG.md names what was mended.
# Without an argument only what pyproject.toml asks for anew is added.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
upgrade=()
[ "${1:-}" != --upgrade ] || upgrade=(--upgrade)

compile() { "$python" -m uv --quiet pip compile --generate-hashes --universal --python-version 3.11 "${upgrade[@]}" "$@"; }
lock() {
  compile pyproject.toml --extra postgres --extra redis --extra metrics -o requirements/run.lock
  compile pyproject.toml --extra postgres --extra redis --extra metrics --extra reports -o requirements/reports.lock
  compile pyproject.toml --extra dev --extra postgres --extra redis --extra metrics --extra reports -o requirements/dev.lock
}

[ ${#upgrade[@]} = 0 ] || echo uv | compile - -o requirements/uv.lock
lock
"$python" scripts/floors.py
upgrade=()
lock
