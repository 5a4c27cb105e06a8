# Two commands do all the set-up: `make site` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: site test test-long lint audit bench demo codebook messages lock clean

site: $(READY)
	$(BIN)/kratom-atlas build --out site

test: $(READY) lint
	$(BIN)/pytest -m "not long" -n auto

test-long: $(READY)
	$(BIN)/pytest -m long

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Needs the internet, and says so where there is none: `not audited: ...`.
audit: $(READY)
	$(BIN)/python .ci/audit.py requirements.lock

bench: $(READY)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.mapping
	$(BIN)/python -m benchmarks.sharing
	$(BIN)/python -m benchmarks.relevance
	$(BIN)/python -m benchmarks.reading
	$(BIN)/python -m benchmarks.feeds
	$(BIN)/python -m benchmarks.alerts

# The whole line, offline, on the fixtures; `make demo SAMPLES=DIR` on a folder of real answers.
demo: $(READY)
	$(BIN)/python tests/sources/demo.py $(SAMPLES)

codebook: $(READY)
	$(BIN)/python -m kratom_atlas.codebook > docs/CODEBOOK.md

# The words of the interface, from the code into the catalogues of the languages.
messages: $(READY)
	$(BIN)/python -m kratom_atlas.locale

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The lock names no registry; it holds for every platform and Python from 3.11.
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --group dev --all-extras pyproject.toml -o requirements.lock

clean:
	rm -rf site $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
