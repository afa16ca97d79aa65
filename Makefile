# The few verbs of this bundle. Everything is installed into .venv and nothing is registered outside it.
#   make lab      open JupyterLab on the labs             make clean    remove build/ and .venv
#   make hand-in  look at the notebooks, and put them into hand-in.zip
# make lab TORCH=cpu (the first time) installs PyTorch without CUDA: 0.2 GB in place of 5 GB.

PYTHON ?= python3
TESTS ?=
MARKS ?= not slow
TORCH ?= default
BIN := .venv/bin
# JupyterLab opens on the list of labs, which .jupyter/overrides.json has it show as a page. It refuses to run as root, as
# in a container, unless told to; without a display there is no browser to open.
LAB_FLAGS = --notebook-dir=notebooks --LabApp.default_url=/lab/tree/README.md --LabApp.app_settings_dir="$(CURDIR)/.jupyter" \
	$(if $(filter 0,$(shell id -u)),--allow-root) \
	$(if $(filter Linux,$(shell uname -s)),$(if $(DISPLAY)$(WAYLAND_DISPLAY),,--no-browser))
# Kernels of this environment come first, whatever else is installed on the computer.
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(CURDIR)/build/ipython

.PHONY: lab hand-in clean
.DELETE_ON_ERROR:

lab: .venv/installed
	@mkdir -p build
	@$(BIN)/python -m labutils doctor || echo "The labs start anyway: what is marked -> may not concern the one you are at."
	@echo "Starting JupyterLab on notebooks/; stop it with Ctrl-C."
	@$(BIN)/jupyter lab $(LAB_FLAGS)

hand-in:
	@$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) -m labutils hand-in

clean:
	rm -rf build .venv

.venv/installed: pyproject.toml
	@echo "Creating .venv and installing the labs (some 5 GB with CUDA, a few minutes; see TORCH=cpu in the README)."
	@$(PYTHON) -m venv .venv
ifeq ($(TORCH),cpu)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip install --python $(BIN)/python --torch-backend=cpu torch torchvision
endif
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# The rest is for instructors and maintainers, and no part of the student's bundle.
#   make test       run the test suite but what is slow   make run      run all notebooks headless, print the results
#   make notebooks  run all notebooks again in place      make release  make the student's bundle in build/release
#   make site       render all notebooks as web pages     make figure   draw the README's figure again
#   make format     lint and format
# Timestamps, widget state and where a print was cut in two would change with every run: they are off, off and mended.
# The kernels log errors only: each would warn that it talks over TCP, which never leaves this computer.
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
RUNS := $(NOTEBOOKS:notebooks/%=build/run/%)
EXECUTE := $(BIN)/jupyter nbconvert --log-level=ERROR --to notebook --execute --ExecutePreprocessor.timeout=900 \
	--ExecutePreprocessor.record_timing=False --ExecutePreprocessor.store_widget_state=False \
	--ExecutePreprocessor.extra_arguments="['--log-level=ERROR']" --ExecutePreprocessor.coalesce_streams=True

.PHONY: test run notebooks release site figure format

# Three processes share the suite on two cores, each with a file at a time and one thread: one mostly waits for a browser.
test: .venv/installed-for-tests
	@mkdir -p build
	@echo "Running the test suite, notebooks included."
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder -m "$(MARKS)" $(TESTS)

run: $(RUNS) | .venv/installed-for-tests
	@$(BIN)/python -m labutils.maintenance.results_table $(RUNS)

build/run/%.ipynb: notebooks/%.ipynb $(wildcard labutils/*.py labutils/*/*.py labutils/*/*/*.py) $(wildcard checkpoints/*) | .venv/installed
	@echo "Running $<"
	@mkdir -p build
	@$(EXECUTE) --output-dir=build/run $<

notebooks: .venv/installed
	@mkdir -p build
	@for notebook in $(NOTEBOOKS); do echo "Running $$notebook"; $(EXECUTE) --inplace $$notebook || exit 1; done

site: .venv/installed-for-tests
	@$(BIN)/python -m labutils.maintenance.site build/site

figure: .venv/installed-for-tests
	@$(BIN)/python -m labutils.maintenance.readme_figure

release: .venv/installed-for-grading
	@$(BIN)/python -m labutils release

format: .venv/installed-for-tests
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

.venv/installed-for-tests: .venv/installed
	@echo "Installing what only the tests need."
	@$(BIN)/python -m pip install --quiet --editable ".[grade,dask,maintain,test]"
	@touch $@

.venv/installed-for-grading: .venv/installed
	@echo "Installing what only instructors need."
	@$(BIN)/python -m pip install --quiet --editable ".[grade]"
	@touch $@
