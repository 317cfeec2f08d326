# The only entries: CI and people run the same ones. Each sets up .venv from the lock by itself.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed-$(shell cat locks/dev.lock pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
FAULT_TRIALS ?= 1000
# A clean environment for everything below: no caller's Python settings, no DVC or MLflow telemetry.
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

.PHONY: demo test faults lint bench schemas lock
.DEFAULT_GOAL := test

$(STAMP): locks/dev.lock pyproject.toml
	@bin/bootstrap $(PYTHON) && touch $@

demo: $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mlops-kit demo

test: $(STAMP)
	@bin/browser
	@$(BIN)/pytest -n 3 --dist worksteal -q --durations=25

faults: $(STAMP)
	@MLOPS_KIT_FAULT_TRIALS=$(FAULT_TRIALS) $(BIN)/pytest -n 3 --dist worksteal -q --durations=15 -m faults

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python bin/generate_schemas.py --check
	@$(BIN)/python bin/generate_reference.py --check
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml .github/actions/*/action.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/workflows/*.yml
	@$(BIN)/zizmor --offline --persona auditor --quiet action.yml .github
	@$(BIN)/zizmor --offline --persona auditor --quiet --config examples/zizmor.yml examples/workflows/*.yml

bench: $(STAMP)
	@$(BIN)/python -m bench

schemas: $(STAMP)
	@$(BIN)/python bin/generate_schemas.py
	@$(BIN)/python bin/generate_reference.py

lock: $(STAMP)
	@bin/lock
