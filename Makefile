# `make demo` and `make test` work on a fresh clone: they make the environment when there is none.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The versions this was tested with; `make CONSTRAINTS= test` takes the newest that pyproject.toml allows.
CONSTRAINTS ?= constraints.txt
WORKERS ?= 2
RERUNS ?= 1

.PHONY: demo test lint types pytest suite local release docs clean

demo: $(BIN)/sensorium
	$(BIN)/sensorium demo -o out/demo

test: lint types pytest

lint: $(BIN)/sensorium
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy takes a package's name from its folder, so the built copy is checked; see docs/architecture.md.
types: $(BIN)/sensorium
	rm -rf build
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --target build/check .
	MYPYPATH=build/check $(BIN)/mypy --strict -p sensorium

# Otherwise xdist begins the files with the fewest tests last, and the longest are among them. What fails is run once more:
# many tests end real processes and servers at chosen moments; the summary names those, with why. `make RERUNS=0 test` is strict.
pytest: $(BIN)/sensorium suite
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --reruns $(RERUNS)

# What checks the MCP server from outside: npm packages, quick when they are there.
suite:
	tests/mcp_server/node/install

# Models on this machine: the PyTorch that $(PYTHON) has, and what of the extra `local` it lacks; no weights.
local:
	test -x .venv-local/bin/python || $(PYTHON) -m venv --system-site-packages .venv-local
	.venv-local/bin/python -m pip install --quiet $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e ".[dev,local]"
	.venv-local/bin/python -m pytest tests/local

# What is published: the wheel, the bundle for desktop programs, and the entry for the MCP registry.
release: $(BIN)/sensorium
	$(BIN)/python -m build --no-isolation --wheel --outdir dist
	$(BIN)/python release/bundle.py
	$(BIN)/python release/server_json.py $(if $(OWNER),--owner $(OWNER))

docs: $(BIN)/sensorium
	$(BIN)/python -m sensorium.tools.base.document docs/tools.md

$(BIN)/sensorium: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e ".[dev]"
	touch $@

clean:
	rm -rf build dist out *.egg-info .venv-local
