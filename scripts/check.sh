#!/usr/bin/env bash
# Checks what a machine can check, all at once; goes on after a failure and names what failed.
set -uo pipefail

bin=.venv/bin
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
names=() jobs=()

# Begins a check; what it says is kept until its turn comes.
check() {
  local name=$1
  shift
  "$@" >"$data/$name.said" 2>&1 &
  names+=("$name") jobs+=($!)
}

check format "$bin/python" -m ruff format --check .
check lint "$bin/python" -m ruff check .
check types "$bin/python" -m mypy phones dashboard tests scripts bench
check layers "$bin/python" -c 'import sys; from importlinter.cli import lint_imports_command; lint_imports_command()'
# Whoever can write into the queue, the cache or a session must not be able to run code by it.
check pickles bash -c '! grep -rnE --include="*.py" \
  "(import|from) +(_?c?pickle|marshal|shelve|dill|cloudpickle|jsonpickle|multiprocessing)\b|SignedSerializer|PickleSerializer" \
  phones dashboard scripts manage.py gunicorn.conf.py'
check faults "$bin/python" scripts/audit.py
# What an installation is made of, for those who have to list it.
check packages bash -c 'mkdir -p -m 700 var && "$0"/python -m cyclonedx_py requirements requirements/run.lock --output-reproducible --of JSON \
  -o var/phone-desk.cdx.json' "$bin"
# 3: only the lines have moved of what .secrets.baseline allows. A new one that is none:
# detect-secrets scan --baseline .secrets.baseline
check secrets bash -c 'cp .secrets.baseline "$1" && "$0"/python -m detect_secrets.pre_commit_hook --baseline "$1" $(git ls-files ":!.secrets.baseline") || [ $? = 3 ]' \
  "$bin" "$data/baseline"
check templates "$bin/python" -m djlint templates --lint --quiet
check migrations env DJANGO_SETTINGS_MODULE=tests.settings "$bin/python" manage.py makemigrations --check --dry-run
"$bin/python" -m dashboard.keys "$data/keys" >"$data/env"
check deploy env $(cat "$data/env") DATA_DIR="$data/desk" SITE_URL=https://desk.example.com DATABASE_URL="sqlite:///$data/check.sqlite3" DEBUG=false \
  "$bin/python" manage.py check --deploy --fail-level WARNING

failed=0
for index in "${!names[@]}"; do
  name=${names[$index]}
  code=0
  wait "${jobs[$index]}" || code=$?
  if [ $code = 0 ]; then
    echo "ok      $name"
  elif [ $code = 75 ]; then
    echo "SKIPPED $name"
    cat "$data/$name.said"
  else
    echo "FAILED  $name"
    cat "$data/$name.said"
    failed=1
  fi
done
exit $failed
