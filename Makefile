# `make` or `make help` lists the targets. The first `make report` or `make test` builds .venv; later ones reuse it.
# PYTHON=/path/to/python3.12 chooses the interpreter for .venv (3.11 to 3.13); without it the newest found is taken.

.DEFAULT_GOAL := help
export PYTHON
export QUARTO_PYTHON := $(CURDIR)/.venv/bin/python
export TF_CPP_MIN_LOG_LEVEL ?= 2# errors only: TensorFlow greets with a page of hints
unexport PYTHONPATH PYTHONHOME # modules of another installation would hide the locked ones

PY := .venv/bin/python
PRESET ?= report
ARGS ?=
# Tests run side by side, one process more than there are cores (code/tests/conftest.py). Each file stays whole, so that what its
# tests share is made once. A process computes on one core: on more, they would wait for each other.
JOBS ?= auto
ONE_CORE := TF_NUM_INTRAOP_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# What `make check` runs: the files whose tests read code, settings and pages, and train or render nothing.
FAST := layers typed_numbers equal_exposure study_spec study_declared renderer_source renderer_metadata renderer_refusals cards \
	citations folders pictures rules_of_thumb
# For glibc, elsewhere without effect: keep freed memory, or each training step gets its hundreds of megabytes anew, page by page.
KEEP_MEMORY := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=67108864

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: environment
environment: ## Make .venv from requirements.lock (the other targets do this themselves)
	@sh code/environment.sh install

.PHONY: report
report: environment ## Render site and deck into _site/ (QUARTO=required: by Quarto or not at all)
	@$(PY) -m renderer report $(if $(filter required,$(QUARTO)),--with quarto)

.PHONY: serve
serve: report ## Render, then serve the site on localhost
	@$(PY) -m renderer serve

.PHONY: slides-pdf
slides-pdf: report ## Print the deck as a PDF (needs Chromium)
	@sh code/environment.sh browser
	@$(PY) -m renderer slides-pdf

.PHONY: links
links: report ## Check that every link of the rendered site leads somewhere
	@$(PY) -m renderer check

.PHONY: pictures
pictures: report ## Take the README's pictures of report and deck anew (needs Chromium)
	@sh code/environment.sh browser
	@$(PY) code/pictures.py

.PHONY: test
test: ## Run the tests (ARGS="-k name" for some; TRANSFERSTUDY_TEST_ALL=1 adds those that take minutes)
	@sh code/environment.sh $(if $(filter 1,$(TRANSFERSTUDY_TEST_ALL)),backends,install)
	@sh code/environment.sh browser
	@$(KEEP_MEMORY) $(ONE_CORE) JAX_DISABLE_MOST_OPTIMIZATIONS=1 $(PY) -m pytest code/tests -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: check
check: lint ## Style, import directions and the fast tests: a minute, before each commit
	@$(PY) -m pytest -q -n $(JOBS) --dist loadfile $(FAST:%=code/tests/test_%.py)

.PHONY: lint
lint: environment ## Check style and formatting of the code
	@$(PY) -m ruff check code
	@$(PY) -m ruff format --check code

.PHONY: format
format: environment ## Format the code, and mend what the linter can
	@$(PY) -m ruff check --fix --quiet code || true
	@$(PY) -m ruff format code

.PHONY: lock
lock: ## Write the lock files anew from requirements*.txt (needs uv)
	@sh code/environment.sh lock

.PHONY: study
study: environment ## Train the runs that are missing (PRESET=report ARGS="--data cifar10.npz --weights vgg16.npz")
	@$(KEEP_MEMORY) $(PY) -m transferstudy run --preset $(PRESET) $(ARGS)

.PHONY: status
status: environment ## Say which runs exist and which are missing
	@$(PY) -m transferstudy status --preset $(PRESET)

.PHONY: verify
verify: environment ## Check every stored result against its checksum and its spec
	@$(PY) -m transferstudy verify

.PHONY: notebook
notebook: environment ## Run the notebook's source anew, alone in an empty folder, and keep its outputs (a few minutes)
	@$(PY) -m jupytext --quiet --to ipynb --update notebooks/transfer_learning.py
	@alone=$$(mktemp -d) && cp notebooks/transfer_learning.ipynb "$$alone" && \
	  $(PY) -m nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False \
	    --ExecutePreprocessor.timeout=3600 "$$alone/transfer_learning.ipynb" && \
	  cp "$$alone/transfer_learning.ipynb" notebooks/ && rm -r "$$alone"

.PHONY: sentences
sentences: environment ## Print every computed sentence for three made-up outcomes, to be read
	@$(PY) code/tests/sentences.py $(ARGS)

.PHONY: clean
clean: ## Remove what rendering and tests left (never results/ or .venv)
	@rm -rf _site social .quarto .cache .pytest_cache .ruff_cache code/.pytest_cache code/.ruff_cache
	@find code -name __pycache__ -type d -prune -exec rm -rf {} +
