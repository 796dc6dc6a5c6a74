# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := runs/demo

.PHONY: demo test docs browser-test web screenshots check-python clean

demo: $(VENV)/.installed
	$(BIN)/musaic demo --out $(DEMO)

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

# The documentation, into build/site; every link in it is checked.
docs: $(VENV)/.installed-test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The screens in a real browser. Chromium: `apt-get install -y --no-install-recommends chromium`, or name one with
# MUSAIC_BROWSER=PATH; without any, these tests say so and skip.
browser-test: $(VENV)/.installed-test
	$(BIN)/pytest -m browser -rs tests/browser

# Pictures of both screens, light, dark and narrow, of the demo run: made to be looked at.
screenshots: $(VENV)/.installed-test
	$(BIN)/python tests/browser/screenshots.py $(DEMO) --out build/screenshots

# The script and styles of the screens, from web/src; the built files are committed, so only who edits web/ needs this.
web:
	cd web && npm ci && npm run build

check-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "musaic needs Python 3.11 or newer; name one with: make PYTHON=python3.11 demo"; exit 1; }

$(VENV)/bin/pip: | check-python
	$(PYTHON) -m venv $(VENV)

# The lists are whole: nothing is left for pip to look for, and it takes half the time.
$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-test.lock
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO)
