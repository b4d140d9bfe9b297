# Two commands are enough: `make run` and `make test`. Both set up everything they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready

.PHONY: run test check browser format golden weights clean

run: $(READY)
	$(BIN)/streamlit run app.py

test: $(DEV_READY) browser
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Finds Chromium or Chrome for the browser tests, or installs one.
browser: $(DEV_READY)
	$(BIN)/python tests/browser/chromium.py

# Records tests/core/golden.npz anew; needs a Python that has PyTorch: `make golden TORCH_PYTHON=…`.
TORCH_PYTHON ?= $(BIN)/python
golden:
	$(TORCH_PYTHON) tests/core/record_golden.py

$(READY): requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@

$(DEV_READY): $(READY) pyproject.toml
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q --group dev
	@touch $@

# Trains the digits network and writes assets/digits.npz, the same bits on the same machine (about half a minute).
weights: $(READY)
	$(BIN)/python -m cnn_core.train_digits

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
