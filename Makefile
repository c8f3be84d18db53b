# `make demo` and `make test` do all their own set-up: they need only make and Python 3.11 or later.
# Another interpreter: make install PYTHON=python3.12

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?=
# How much the system and slow suites do: small or full.
CI_SCALE ?= small
export CI_SCALE

BIN := .venv/bin
STAMP := .venv/.installed
ALGORITHMS := 'amazon-braket-algorithm-library>=1.7.10,<2'
PACKAGES := shared_transport qhub_qiskit qhub_braket qhub_cli local_hub

# $(call pytest,FOLDER,OPTIONS): a folder without test files is said to be empty, never said to have
# passed; a folder whose tests are not collected fails by pytest's own exit status.
define pytest
	if [ -z "$$(find $(1) -name 'test_*.py' -o -name '*_test.py' 2>/dev/null | head -n 1)" ]; then \
		echo "$(1) holds no tests yet: nothing was run"; \
	else \
		$(BIN)/python -m pytest $(1) $(2); \
	fi
endef

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' \
		| while IFS='|' read -r name text; do printf 'make %-15s %s\n' "$$name" "$$text"; done

.PHONY: install
install: $(STAMP) ## Build .venv with everything (quick when nothing changed)

$(STAMP): pyproject.toml constraints.txt
	@python="$(PYTHON)"; \
	newer() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }; \
	known() { newer "$$1" && "$$1" -c 'import sys; sys.exit(sys.version_info >= (3, 14))'; }; \
	if [ -z "$$python" ]; then \
		for name in python3 python3.13 python3.12 python3.11; do \
			if known "$$name"; then python="$$name"; break; fi; \
		done; \
	fi; \
	python="$${python:-python3}"; \
	if ! newer "$$python"; then \
		echo "Python 3.11 or later is needed; $$python is: $$("$$python" --version 2>&1 || true)" >&2; \
		echo "Install one, or name it: make install PYTHON=python3.11" >&2; \
		exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "Making .venv with $$("$$python" --version)"; \
		"$$python" -m venv --clear .venv || { \
			echo "$$python cannot make virtual environments: install its venv module" \
				"(on Debian and Ubuntu the package python3-venv)." >&2; \
			exit 1; \
		}; \
	fi
	@echo "Installing the project and its dependencies into .venv (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@# uv is several times faster; pip also knows how to get out where only pip is configured to.
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode \
		--constraint constraints.txt --editable '.[all,dev]' \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[all,dev]'
	@# Its dependencies, PennyLane among them, cannot be installed beside ours; the algorithms need none of them.
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps $(ALGORITHMS) \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(ALGORITHMS)
	@touch $@

.PHONY: demo
demo: install ## Run the demonstration on the embedded Hub
	@$(BIN)/qhub demo

.PHONY: test
test: install ## Run the quick tests: no root, nothing beyond Python packages
	@$(call pytest,tests/quick,-n 2)

.PHONY: test-system
test-system: install ## Run the tests that need system programs, after installing those
	@if [ -f tests/system/install.sh ]; then bash tests/system/install.sh; fi
	@$(call pytest,tests/system,--timeout=900 -n 2 --dist loadfile)

.PHONY: test-slow
test-slow: install ## Run the large statistical, fault and crash suites
	@$(call pytest,tests/slow,--timeout=1800 $(if $(filter small,$(CI_SCALE)),-n 2))

.PHONY: test-notebooks
test-notebooks: install ## Execute the notebooks against the embedded Hub
	@$(BIN)/python -m pytest --nbmake --nbmake-timeout=300 notebooks

.PHONY: test-full
test-full: ## Run all suites at full scale
	@$(MAKE) test CI_SCALE=full
	@$(MAKE) test-notebooks
	@$(MAKE) test-system CI_SCALE=full
	@$(MAKE) test-slow CI_SCALE=full

.PHONY: docs
docs: install ## Build the documentation into site/; a broken link or reference is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: lint
lint: install ## Check style, format, and that no file names a registry or a machine's paths
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@bash .ci/check-text

.PHONY: types
types: install ## Check the types of the five packages
	@$(BIN)/mypy --strict $(PACKAGES)

.PHONY: floors
floors: install ## Check who imports whom
	@$(BIN)/lint-imports

.PHONY: check-versions
check-versions: install ## Check that the dependencies resolve for Python 3.11, 3.12 and 3.13
	@bash .ci/check-versions

.PHONY: constraints
constraints: install ## Bring constraints.txt up to pyproject.toml, keeping the versions that still fit
	@$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.11 \
		--no-python-downloads --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --output-file constraints.txt

.PHONY: format
format: install ## Put the code into the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove .venv and everything that was built
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
