#!/usr/bin/env bash
# Runs every test; arguments go to pytest. What meets a database or a queue in its own way runs first on PostgreSQL and
# Redis, where those answer; then everything runs on SQLite. THOROUGH=1 lets everything run on both, adds all looks to
# axe, and makes the tests of random syncs as long as they are when they are run by themselves. `--fast` leaves out what
# is slow. The first part that fails ends it, so that the last line is pytest's and says how it went.
# In CI what has failed runs once more by itself, and both runs are printed: a machine with much to do is told from a fault.
set -euo pipefail

python=.venv/bin/python
# Thousands of rewritten asserts are compiled once, not by each worker of each run.
unset PYTHONDONTWRITEBYTECODE

# One more than processors, as some tests wait for other processes.
workers=$(($(nproc) + 1))
second=(--second-database)
is_fast=
[[ " $* " != *" --fast "* ]] || is_fast=1
if [ -n "${THOROUGH:-}" ]; then
  second=()
elif [ $# = 0 ] || [ -n "$is_fast" ]; then
  export QUICK=1
fi

if [ -z "$is_fast" ]; then
  CHROME_PATH=$(scripts/browser.sh)
  export CHROME_PATH
fi

run() {
  "$python" -m pytest -n "$workers" --dist worksteal "$@" && return
  [ -n "${CI:-}" ] || return 1
  echo "What has failed, once more and by itself:"
  "$python" -m pytest --last-failed --last-failed-no-failures none "$@"
}

if [ $# = 0 ]; then
  if why=$("$python" scripts/services.py 2>&1); then
    echo "PostgreSQL and Redis:"
    DATABASE_URL=postgres://postgres@127.0.0.1:5432/phone_desk_$$ REDIS_URL=redis://127.0.0.1:6379/15 \
      run -q -m "not browser" "${second[@]}" \
      tests/models tests/migrations tests/services tests/wording tests/tasks tests/views tests/commands tests/test_faults.py
    echo "SQLite:"
  elif [ -n "${CI:-}" ]; then
    echo "CI needs PostgreSQL and Redis too. $why" >&2
    exit 1
  else
    echo "Skipped: the tests on PostgreSQL and Redis. $why"
  fi
fi

run "$@"
