#!/bin/sh
# Installs a hashed lock file into .venv: with uv, which takes seconds, or with pip where uv can't be had.
set -eu

lock=$1
python=.venv/bin/python
pip="$python -m pip --quiet --disable-pip-version-check"

echo "Installing $lock"
if $pip install --require-hashes -r requirements/uv.lock; then
  if $python -m uv --quiet pip install --python "$python" --require-hashes -r "$lock"; then
    exit 0
  fi
fi
echo "uv could not do it; trying pip, which takes a minute"
$pip install --require-hashes -r "$lock"
