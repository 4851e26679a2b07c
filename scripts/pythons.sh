#!/usr/bin/env bash
# Runs the fast tests under each further Python that Phone Desk is for and this machine has; says which it has not.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
own=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

for version in 3.11 3.12 3.13; do
  [ "$version" != "$own" ] || continue
  python=
  for found in "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
    ! "$found" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null || python=$found
  done
  if [ -z "$python" ]; then
    echo "SKIPPED: Python $version is not on this machine, so nothing was tested under it."
    continue
  fi
  echo "Python $version:"
  "$python" -m venv "$work/$version"
  .venv/bin/python -m uv --quiet pip install --python "$work/$version/bin/python" --require-hashes -r requirements/dev.lock
  QUICK=1 "$work/$version/bin/python" -m pytest -n "$(nproc)" --dist worksteal -q --fast -m "not browser"
done
