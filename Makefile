# The few verbs of this bundle. Everything is installed into .venv and nothing is registered outside it.
#   make lab      open JupyterLab on the labs             make clean    remove build/ and .venv
#   make hand-in  look at the notebooks, and put them into hand-in.zip
# make lab LABS=1 opens labs 01 to 05 alone, and installs no PyTorch. TORCH=cpu, cuda or default takes another build of it
# than the one that fits this computer. Without make: python -m labutils lab, and its --help.

PYTHON ?= python3
LABS ?= all
TORCH ?= auto
BIN := .venv/bin

.PHONY: lab hand-in clean
.DELETE_ON_ERROR:

lab:
	@$(PYTHON) -m labutils lab --labs=$(LABS) --torch=$(TORCH)

hand-in:
	@$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) -m labutils hand-in

clean:
	rm -rf build .venv

# The rest is for instructors and maintainers, and no part of the student's bundle.
#   make test       run the test suite but what is slow   make run      run all notebooks headless, print the results
#   make notebooks  run all notebooks again in place      make release  make the student's bundle in build/release
#   make site       render all notebooks as web pages     make figure   draw the README's figure again
#   make format     lint and format                       make test-lowest  test with the lowest versions allowed
# Timestamps, widget state and where a print was cut in two would change with every run: they are off, off and mended.
# The kernels log errors only: each would warn that it talks over TCP, which never leaves this computer.
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
RUNS := $(NOTEBOOKS:notebooks/%=build/run/%)
EXECUTE := $(BIN)/jupyter nbconvert --log-level=ERROR --to notebook --execute --ExecutePreprocessor.timeout=900 \
	--ExecutePreprocessor.record_timing=False --ExecutePreprocessor.store_widget_state=False \
	--ExecutePreprocessor.extra_arguments="['--log-level=ERROR']" --ExecutePreprocessor.coalesce_streams=True

TESTS ?=
MARKS ?= not slow
INSTALL := $(PYTHON) -m labutils install --torch=$(TORCH)
# Kernels of this environment come first, whatever else is installed on the computer.
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(CURDIR)/build/ipython

.PHONY: test test-lowest run notebooks release site figure format installed installed-for-tests installed-for-grading

test:
	@$(PYTHON) -m labutils test --torch=$(TORCH) --marks="$(MARKS)" $(TESTS)

# What pyproject.toml promises: the suite runs with the lowest version of each package that it names. They warn of newer
# companions, and nobody can mend that.
LOWEST := build/lowest/bin
test-lowest:
	@$(PYTHON) -m venv build/lowest && $(LOWEST)/python -m pip install --quiet uv
	@$(LOWEST)/uv pip install --quiet --python $(LOWEST)/python --resolution lowest-direct --editable ".[grade,dask,maintain,test]"
	@OMP_NUM_THREADS=1 $(LOWEST)/python -m pytest --numprocesses=3 --dist=loadfile -W default -m "$(MARKS) and not browser" $(TESTS)

run: $(RUNS) | installed-for-tests
	@$(BIN)/python -m labutils.maintenance.results_table $(RUNS)

build/run/%.ipynb: notebooks/%.ipynb $(wildcard labutils/*.py labutils/*/*.py labutils/*/*/*.py) $(wildcard checkpoints/*) | installed
	@echo "Running $<"
	@mkdir -p build
	@$(EXECUTE) --output-dir=build/run $<

notebooks: installed
	@mkdir -p build
	@for notebook in $(NOTEBOOKS); do echo "Running $$notebook"; $(EXECUTE) --inplace $$notebook || exit 1; done

site: installed-for-tests
	@$(BIN)/python -m labutils.maintenance.site build/site

figure: installed-for-tests
	@$(BIN)/python -m labutils.maintenance.readme_figure

release: installed-for-grading
	@$(BIN)/python -m labutils release

format: installed-for-tests
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

installed:
	@$(INSTALL)

installed-for-tests:
	@$(INSTALL) --with grade dask maintain test

installed-for-grading:
	@$(INSTALL) --with grade
