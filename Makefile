# Phone Desk. `make` alone says what there is.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= python3
MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
STATIC := staticfiles/staticfiles.json
ASSETS := $(shell find static -type f 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo run test test-fast check bench soak kills load

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s%s\n", $$1, $$2 }' Makefile

setup: $(VENV)/run.done $(MESSAGES) $(STATIC) ## only the set-up: packages, translations, static files, tables
	@$(PY) scripts/desk.py setup

demo: export DATA_DIR := $(CURDIR)/var/demo
demo: $(VENV)/run.done $(MESSAGES) $(STATIC) ## try it: stand-in Diga, web and worker; prints address and sign-ins
	@exec $(PY) scripts/desk.py demo

run: $(VENV)/run.done $(MESSAGES) $(STATIC) ## web and worker against the real Diga
	@exec $(PY) scripts/desk.py run

test: $(VENV)/dev.done $(MESSAGES) ## every test, browser tests included (ARGS= goes to pytest)
	@scripts/test.sh $(ARGS)

test-fast: $(VENV)/dev.done $(MESSAGES) ## within a minute: on SQLite, without browser, crawls and processes (ARGS= too)
	@scripts/test.sh --fast $(ARGS)

check: $(VENV)/dev.done $(MESSAGES) ## format, lint, types, layers, templates, migrations, deploy check, packages, secrets
	@scripts/check.sh

soak: $(VENV)/dev.done $(MESSAGES) ## 10 minutes of editing, syncing and faults, then all is checked (ARGS="--minutes 2 --seed 1")
	@$(PY) -m bench.stress.soak $(ARGS)

kills: $(VENV)/dev.done $(MESSAGES) ## 100 workers of plans killed, then all is checked (ARGS="--database postgres --seed 1")
	@$(PY) -m bench.stress.kills $(ARGS)

load: $(VENV)/dev.done $(MESSAGES) ## twenty people while Diga is quick, then takes 9 s and 20 s (ARGS="--database postgres")
	@$(PY) -m bench.stress.load $(ARGS)

bench: $(VENV)/dev.done $(MESSAGES) ## the benchmarks, printed as ratios
	@$(PY) -m bench $(ARGS)

# The packages, from the hashed locks; dev.lock holds all of run.lock, so both may be in one .venv.

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing. Install it: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Phone Desk needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python’s venv module is missing. Install it: apt install python3-venv"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.done: requirements/run.lock | $(PY)
	@scripts/install.sh $<
	@touch $@

$(VENV)/dev.done: requirements/dev.lock | $(PY)
	@scripts/install.sh $<
	@touch $(VENV)/run.done $@

%.mo: %.po scripts/compile_translations.py | $(PY)
	@$(PY) scripts/compile_translations.py $<

$(STATIC): $(ASSETS) $(VENV)/run.done
	@$(PY) manage.py collectstatic --no-input --verbosity 0
	@touch $@
