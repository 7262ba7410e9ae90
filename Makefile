# `make` alone lists the targets. Everything they make is in build/.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

VENV      := build/venv
BIN       := $(VENV)/bin
READY     := $(VENV)/.ready
TERRAFORM := $(BIN)/python scripts/with_terraform.py
OFFLINE   := $(TERRAFORM) $(BIN)/python scripts/one_provider.py
PYTEST    := $(BIN)/python -m pytest
INIT       = $(TERRAFORM) terraform init -backend=false -input=false -test-directory=$(1) >build/terraform-init.log || { cat build/terraform-init.log; exit 1; }
UNIT      := --ignore=tests/unit/test_properties.py tests/unit
# What these three modules do is theirs to try: each line and branch of them is measured.
MEASURED  := $(patsubst %,tests/unit/test_%.py,policy run housekeeping first_key notifications secrets_check events named_users)
# Each death is a fork, which costs a fifth where little else is loaded.
FORKING   := tests/unit/test_key_fetch_killed.py
SIMULATOR := build/simulator
CHECKS    := build/checks
AWSCLI    := build/awscli
PROVIDER  := build/provider

CHECK_PYTHON := $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# A line of its own, since an error inside of a command's arguments would be lost.
FIND_PYTHON := python=$$(scripts/python.sh)

export TF_DATA_DIR ?= $(CURDIR)/build/terraform

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: require-terraform require-package require-localstack $(READY) $(AWSCLI)/.ready ## Rotate real keys on an embedded LocalStack, and watch (KEEP=1 leaves it up)
	@$(TERRAFORM) $(BIN)/python -m tests.demo

.PHONY: quick
quick: $(READY) ## ruff, mypy and the unit tests without the properties: for every save
	@$(CHECK_PYTHON)
	$(PYTEST) -q -p no:terraform $(UNIT)

# Three chains that take about as long, since the integration tests wait for LocalStack half of their time. Each part says
# when it starts, and shows its output as a whole when it ends. After a failure nothing more starts. The longest suites use
# both cores, so that the last one to end leaves none idle.
TESTS := integration lint crash-sample terraform-test policies unit aws check-package

.PHONY: test $(TESTS:%=test-%)
test: require-terraform require-node require-package require-localstack ## Everything that must pass
	@$(MAKE) -j5 $(READY) $(CHECKS)/.ready $(SIMULATOR)/.ready $(AWSCLI)/.ready install-localstack
	@$(MAKE) -j3 $(if $(filter output-sync,$(.FEATURES)),--output-sync=recurse) $(TESTS:%=test-%) 3>&1
	@echo "all tests passed"

$(TESTS:%=test-%): test-%:
	@echo "$* …" >&3; SECONDS=0; $(MAKE) $*; echo "$*: passed in $$SECONDS s"

# They share the folder of TF_DATA_DIR, which one at a time may initialise.
test-terraform-test: test-lint
test-policies: test-terraform-test
test-unit: test-policies
# The sample takes what the others leave.
test-aws: test-crash-sample

.PHONY: unit
unit: $(READY) ## Unit tests: seconds, no Terraform
	$(PYTEST) -p no:terraform --cov=key_rotation.domain.policy --cov=key_rotation.run.run --cov=key_rotation.run.housekeeping \
	  --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered $(MEASURED)
	$(PYTEST) -p no:terraform $(FORKING)
	$(PYTEST) -p no:terraform -n 2 $(MEASURED:%=--ignore=%) $(FORKING:%=--ignore=%) tests/unit  # measured, it would take minutes

.PHONY: aws
aws: $(READY) ## Adapters and handler on the AWS wire, in moto
	$(PYTEST) -p no:terraform -n 2 tests/aws

.PHONY: policies
policies: require-terraform require-node require-package $(READY) $(SIMULATOR)/.ready ## The policies, evaluated as IAM does: enough, not too much, nothing unneeded
	@$(call INIT,tests/policies/rendered)
	@$(OFFLINE) $(PYTEST) -p no:terraform tests/policies

# The function, and what is on the other side: key-fetch.
CRASH_PATH := lambda:cli

.PHONY: crash
crash: $(READY) ## Something happens at every AWS call of every situation (an hour or more; not in `test`)
	@PYTHONPATH=$(CRASH_PATH) $(BIN)/python -m tests.crash $(CRASH)

.PHONY: crash-sample
crash-sample: $(READY) ## Each 60th point of each third situation, one of the sabotages, and three histories of the soak: a minute
	@PYTHONPATH=$(CRASH_PATH) nice $(BIN)/python -m tests.crash --every 60 --every-scenario 3 --sabotages 1
	@PYTHONPATH=$(CRASH_PATH) nice $(BIN)/python -m tests.soak --seed 162 --histories 3

.PHONY: soak
soak: $(READY) ## Drawn histories of people who tamper, for half an hour: SOAK="--minutes 30 --seed 1" (not in `test`)
	@PYTHONPATH=$(CRASH_PATH) $(BIN)/python -m tests.soak $(SOAK)

.PHONY: bench
bench: $(READY) $(AWSCLI)/.ready ## Calls, time, memory and dollars at 100 to 5,000 users (five to twelve minutes; writes docs/performance.md)
	@PYTHONPATH=lambda:cli $(BIN)/python -m bench $(BENCH)

.PHONY: terraform-test
terraform-test: require-terraform $(READY) ## The module's own tests, with a mocked provider
	@$(call INIT,tests/terraform)
	@$(OFFLINE) sh -c 'exec "$$TF" test -test-directory=tests/terraform'
	@$(TERRAFORM) $(PYTEST) -p no:terraform tests/terraform

.PHONY: integration
integration: require-terraform require-package require-localstack $(READY) $(AWSCLI)/.ready ## The examples, applied to LocalStack, and the deployed function
	@$(TERRAFORM) $(PYTEST) -p no:xdist tests/integration

.PHONY: check-provider
check-provider: $(READY) $(PROVIDER)/.ready ## The HCL against the newest provider's schema, deprecations included (not in `test`: 84 MB)
	@$(BIN)/python -m scripts.check_provider $(PROVIDER)

.PHONY: lint
lint: require-terraform $(READY) $(CHECKS)/.ready ## ruff, mypy --strict, import-linter, terraform fmt and validate, checkov, parliament, zizmor
	@$(CHECK_PYTHON)
	@PYTHONPATH=lambda:cli $(BIN)/lint-imports --no-cache pyproject.toml | tail -n 8; exit $${PIPESTATUS[0]}
	@$(TERRAFORM) scripts/validate.sh
	@$(call INIT,tests/policies/rendered)
	@$(OFFLINE) $(BIN)/python -m tests.policies.static $(CHECKS)/bin
	@$(CHECKS)/bin/zizmor --offline --quiet --persona=pedantic .
	@$(CHECKS)/bin/zizmor --offline --quiet $$(grep -rl --include='*.yml' '^jobs:' examples)
	@$(BIN)/python -m scripts.sbom build/sbom.spdx.json && $(CHECKS)/bin/pyspdxtools -i build/sbom.spdx.json

.PHONY: format
format: require-terraform $(READY) ## Format Python and HCL
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@$(TERRAFORM) terraform fmt -recursive

.PHONY: docs
docs: $(READY) ## Write the tables of inputs and outputs, and the timeline of README.md, from the HCL
	@$(BIN)/python scripts/docs.py
	@$(BIN)/python scripts/draw_timeline.py

# $(call accounts,COMMAND AND OPTIONS): it needs Python and Terraform, and nothing that is installed here.
define accounts
	@$(FIND_PYTHON); "$$python" scripts/with_terraform.py env TF_DATA_DIR=$(CURDIR)/build/terraform-accounts \
	  "$$python" scripts/accounts $(1) --folder examples/multi-account $(ACCOUNTS)
endef

.PHONY: accounts-plan
accounts-plan: ## Plan examples/multi-account in every account (ACCOUNTS="--only shop")
	$(call accounts,plan --out build/accounts)

.PHONY: accounts-apply
accounts-apply: ## Apply what accounts-plan has planned
	$(call accounts,apply --out build/accounts)

.PHONY: accounts-drift
accounts-drift: ## Compare every account with examples/multi-account, and change nothing
	$(call accounts,drift)

.PHONY: accounts-destroy
accounts-destroy: ## Destroy what ACCOUNTS="--only shop" names, after a question
	$(call accounts,destroy --out build/accounts)

.PHONY: acceptance
acceptance: require-terraform require-package $(READY) ## The module in a real account, for some cents (ACCEPT_COST=yes; ACCEPT_ON=localstack; CLEAN=name)
	@$(TERRAFORM) $(BIN)/python -m tests.acceptance

.PHONY: samples
samples: $(READY) ## Write the samples of all mails (tests/samples/mails): review what changed
	@PYTHONPATH=lambda $(BIN)/python -m tests.unit.mail_samples

.PHONY: sample-report
sample-report: $(READY) ## The compliance reports of a made-up account, and of several: build/sample-*.html
	@PYTHONPATH=lambda:cli $(BIN)/python -m tests.unit.sample build/sample-report.html
	@PYTHONPATH=lambda:cli $(BIN)/python -m tests.unit.accounts_sample build/sample-accounts.html
	@echo build/sample-report.html build/sample-accounts.html

.PHONY: package
package: ## Build lambda/package.zip from lambda/key_rotation, and function.zip of each recipe
	@$(FIND_PYTHON); "$$python" -m scripts.package; "$$python" -m scripts.package_recipes

.PHONY: check-package
check-package: ## Check that the committed packages are what the sources build
	@$(FIND_PYTHON); "$$python" -m scripts.package --check; "$$python" -m scripts.package_recipes --check

.PHONY: release
release: check-package ## What a release publishes, into build/release: the zip, its hash, what is in it (TAG=v0.1.0)
	@$(FIND_PYTHON); "$$python" -m scripts.release "$(TAG)" build/release

.PHONY: provider-mirror
provider-mirror: require-terraform ## One version of the AWS provider, into build/provider-mirror (PROVIDER="5.80.0")
	@$(FIND_PYTHON); "$$python" -m scripts.provider_mirror "$(PROVIDER)" build/provider-mirror

.PHONY: localstack
localstack: ## Start the embedded LocalStack (LOCALSTACK_PORT, 4566 by default)
	@$(FIND_PYTHON); "$$python" -m tests.localstack.server start

.PHONY: localstack-stop
localstack-stop: ## Stop it
	@$(FIND_PYTHON); "$$python" -m tests.localstack.server stop

.PHONY: lock
lock: $(READY) ## Pin the newest versions of what requirements/*.in name
	$(FIND_PYTHON); "$$python" -m venv build/lock
	build/lock/bin/pip install --quiet pip-tools
	for lock in requirements/dev requirements/checks requirements/awscli; do \
	  build/lock/bin/pip-compile --quiet --upgrade --allow-unsafe --generate-hashes --no-strip-extras \
	    --no-emit-index-url --no-emit-find-links --output-file=$$lock.txt $$lock.in || exit 1; \
	done
	rm -rf build/lock/provider
	build/lock/bin/pip download --quiet --no-deps --only-binary=:all: --dest build/lock/provider -r requirements/provider.in
	echo "# Written by: make lock" >requirements/provider.txt
	for wheel in build/lock/provider/*.whl; do \
	  IFS=- read -r name version _ <<<"$${wheel##*/}"; \
	  echo "$$name==$$version $$(build/lock/bin/pip hash "$$wheel" | tail -n 1)" >>requirements/provider.txt; \
	done

.PHONY: clean
clean: localstack-stop ## Remove everything that was made
	rm -rf build .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

# Before anything is installed.
.PHONY: require-terraform
require-terraform:
	@$(FIND_PYTHON); "$$python" scripts/with_terraform.py --check

.PHONY: require-node
require-node:
	@command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || \
	{ echo "error: \`make test\` and \`make policies\` need Node 20 or newer, with npm" >&2; exit 1; }

.PHONY: require-localstack
require-localstack:
	@$(FIND_PYTHON); "$$python" -m tests.localstack.server check

.PHONY: install-localstack
install-localstack:
	@$(FIND_PYTHON); "$$python" -m tests.localstack.server install

.PHONY: require-package
require-package:
	@$(FIND_PYTHON); "$$python" -m scripts.package --check >/dev/null

# The policy simulator: Node, in a process of its own, a test tool that is not shipped.
$(SIMULATOR)/.ready: $(wildcard tests/policies/simulator/*)
	@rm -rf $(SIMULATOR); mkdir -p $(SIMULATOR); cp tests/policies/simulator/* $(SIMULATOR)
	@echo "installing the policy simulator into $(SIMULATOR) (once, a few seconds)"
	@log=build/simulator.npm.log; npm ci --prefix $(SIMULATOR) --ignore-scripts --no-audit --no-fund >$$log 2>&1 || \
	{ tail -n 20 $$log; echo "error: the installation failed (log: $$log)" >&2; exit 1; }
	@touch $@

# $(call install,WHAT,HOW LONG): the target's folder as a virtual environment of its own, with what the lock pins. Done
# again when the lock has changed. Python compiles what is imported; pip would compile ten times as much.
define install
	@$(FIND_PYTHON); folder=$(@D); log=$(@D).pip.log; mkdir -p build; \
	echo "installing $(1) of $< into $$folder (once, $(2))"; \
	rm -rf $$folder; "$$python" -m venv $$folder; \
	$$folder/bin/pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r $< >$$log 2>&1 || \
	{ tail -n 20 $$log; echo "error: the installation failed (log: $$log)" >&2; exit 1; }
	@touch $@
endef

# The Python packages that tests and demo need.
$(READY): requirements/dev.txt
	$(call install,the Python packages,under a minute)

# checkov, parliament, zizmor and spdx-tools.
$(CHECKS)/.ready: requirements/checks.txt
	$(call install,the static checks,about a minute)

# The AWS CLI that runs the commands of the mails.
$(AWSCLI)/.ready: requirements/awscli.txt
	$(call install,the AWS CLI,a few seconds)

# The provider's bindings: read from their archives, never installed.
$(PROVIDER)/.ready: requirements/provider.txt | $(READY)
	@log=$(PROVIDER).pip.log; rm -rf $(PROVIDER); \
	echo "downloading what $< pins into $(PROVIDER) (once, 84 MB)"; \
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes --dest $(PROVIDER) \
	  -r $< >$$log 2>&1 || { tail -n 20 $$log; echo "error: the download failed (log: $$log)" >&2; exit 1; }
	@touch $@
