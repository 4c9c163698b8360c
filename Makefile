# One command each, from a bare python3: every target builds .venv first (with uv where it is installed).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help demo test spark fault check bench requirements clean
help:            ## what can be made here
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/  /'

$(READY): requirements/dev.txt pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt && \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . ; \
	fi
	@touch $(READY)

demo: $(READY)   ## the whole product in a minute: shop, alerts, mails
	$(BIN)/tercera demo

test: $(READY)   ## every test, against real servers, but those of Spark
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not spark and not spark_connect"

spark: $(READY)  ## the tests of Spark: some minutes, for it takes long to start
	$(BIN)/python -m pytest -m spark tests/contract
	$(BIN)/python -m pytest -m spark_connect tests/contract

fault: $(READY)  ## 2,000 kills, several instances, broken infrastructure: a quarter of an hour; prints what it saw
	$(BIN)/python -m pytest -n 2 --dist load --maxschedchunk 1 -rP -o python_files='test_*.py full_*.py' tests/fault

check: $(READY)  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(READY)  ## ratios against rivals, measured in one run
	$(BIN)/python -m bench

requirements:    ## compile the pinned, hashed requirement files (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml -o requirements/base.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  -c requirements/base.txt pyproject.toml --extra srv --extra apprise --extra postgresql --extra mysql --extra sqlite \
	  --extra spark --extra mongod --extra oidc --group dev -o requirements/dev.txt

clean:           ## remove everything that these targets made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis bench/data tercera-demo
