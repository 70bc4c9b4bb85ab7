# Everything happens in .venv, made on first use with the Python that scripts/find_python.sh
# finds. Kept to what GNU make 3.81 and /bin/sh know.
#
#   PYTHON     the Python to make .venv with, when there is none yet
#   PIP_ARGS   further options of the installer

PYTHON ?=
PIP_ARGS ?=

BIN := .venv/bin
DEMO := .venv/.installed-demo
DEV := .venv/.installed-dev
LEROBOT := .venv-lerobot/.installed

.PHONY: help demo test test-all matrix lint clean
.NOTPARALLEL:

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(DEMO) ## run the demo against a model server on this machine
	@$(BIN)/reactor-env demo

# Most tests wait for something, so that several at a time are done sooner on any machine.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

test: $(DEV) ## run the tests that take seconds
	$(BIN)/python -m pytest $(PARALLEL)

test-all: $(DEV) $(LEROBOT) ## run all tests, the slow ones too
	$(BIN)/python -m pytest -m "slow or not slow"

matrix: $(DEV) ## run other libraries' environment checkers with several versions of them
	$(BIN)/python -m tests.matrix

lint: $(DEV) ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove .venv, build outputs, caches and out/
	rm -rf .venv .venv-lerobot .venv-matrix build dist out *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

# $(call install,extra): installs this checkout with an extra. A .venv that uv made has no pip.
install = \
	if $(BIN)/python -c 'import pip' 2>/dev/null; then \
		$(BIN)/python -m pip install -qq --progress-bar off --disable-pip-version-check \
			$(PIP_ARGS) -e '.[$(1)]'; \
	elif command -v uv >/dev/null 2>&1; then \
		uv pip install --quiet --python $(BIN)/python $(PIP_ARGS) -e '.[$(1)]'; \
	else \
		echo '.venv has no pip, and uv is not installed: run "make clean" and start over' >&2; \
		exit 1; \
	fi

$(BIN)/python:
	@python=$$(PYTHON='$(PYTHON)' sh scripts/find_python.sh) && \
		echo "Making .venv with $$python" && "$$python" -m venv --clear .venv

# The stamps follow pyproject.toml. The Python itself is order-only: it is older than any of them.
$(DEMO): pyproject.toml | $(BIN)/python
	@echo 'Installing what the demo needs ... (first run only)'
	@$(call install,demo)
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	@echo 'Installing what the tests need, torch too: about 5 GB with CUDA on Linux' \
		'... (first run only)'
	@$(call install,dev)
	@touch $(DEMO) $@

# LeRobot needs older av, numpy and torch than a local runtime, so it has an environment of its own.
$(LEROBOT): pyproject.toml | $(BIN)/python
	@echo 'Installing LeRobot beside it, with a torch of its own: about 5 GB with CUDA on Linux' \
		'... (first run only)'
	@$(BIN)/python -m venv --clear .venv-lerobot
	@.venv-lerobot/bin/python -m pip install -qq --progress-bar off --disable-pip-version-check \
		$(PIP_ARGS) -e '.[lerobot]'
	@touch $@
