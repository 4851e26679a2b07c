#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests, and installs one where there is none.
# Prints nothing, loudly, where none can be had; with CI set that is an error.
set -euo pipefail

python=.venv/bin/python

works() { [ -n "$1" ] && timeout 20 "$1" --version >/dev/null 2>&1; }

installed() {
  local name path
  for name in chromium google-chrome google-chrome-stable chromium-browser; do
    if path=$(command -v "$name") && works "$path"; then
      echo "$path"
      return 0
    fi
  done
  path=$("$python" -c 'from playwright.sync_api import sync_playwright as start
with start() as playwright: print(playwright.chromium.executable_path)' 2>/dev/null) && works "$path" && echo "$path"
}

if [ -n "${CHROME_PATH:-}" ]; then
  if works "$CHROME_PATH"; then
    echo "$CHROME_PATH"
    exit 0
  fi
  echo "CHROME_PATH names $CHROME_PATH, which does not start." >&2
  exit 1
fi

installed && exit 0

if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium with apt" >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || true
  installed && exit 0
fi

echo "Installing Chromium with Playwright" >&2
timeout 300 "$python" -m playwright install chromium >/dev/null 2>&1 || true
installed && exit 0

echo "!!! There is no Chromium and none could be installed: THE BROWSER TESTS ARE SKIPPED." >&2
echo "!!! Install one (apt install chromium), or name it in CHROME_PATH." >&2
[ -z "${CI:-}" ]
