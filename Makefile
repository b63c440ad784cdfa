.DEFAULT_GOAL := help
.PHONY: hooks watch clicks screenshots help setup demo stop clean test test-unit test-odoo test-system lint fmt i18n shell logs bench fuzz fuzz-addresses chaos foreign

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
setup: ## install what is missing: packages, Odoo 19, Python packages, a private PostgreSQL
	@scripts/setup
demo: ## show a month of a housing office done in a working Odoo
	@scripts/demo
stop: ## end what the demo left running
	@scripts/stop
clean: ## remove all that was made for this checkout (CACHE_TOO=1: the downloads too)
	@scripts/clean
test: ## run all checks and tests
	@scripts/test
test-unit: ## tests without a database
	@scripts/test unit
test-odoo: ## install, update, uninstall, and the addon's tests in Odoo (T=TestSender: one class, in seconds)
	@scripts/test $(if $(T),quick,cycle odoo)
test-system: ## tests from outside: real server, sandbox, browser
	@scripts/test system
lint: ## static checks
	@scripts/test lint
fmt: ## format the code
	@scripts/run fmt
i18n: ## refresh the translation template and merge ru.po
	@scripts/run i18n
screenshots: ## take the pictures of the guide by clicking through the month, and render the guide
	@scripts/run screenshots
clicks: ## click through the running demo for MINUTES (10) and count what its log says; pictures in .run/robot
	@scripts/run clicks $(MINUTES)
watch: ## the demo's Odoo in the foreground, restarted when a Python file or a view changes
	@scripts/run watch
hooks: ## run the linters before each commit and push
	@scripts/run hooks
shell: ## Odoo's shell on the demo database
	@scripts/run shell
logs: ## follow the log of the demo's Odoo
	@tail -n 50 -F .run/odoo.log
bench: ## measure all, beside Odoo's own ways (PARTS="receipts letters" for some parts)
	@scripts/run bench
fuzz: ## files and addresses with made-up damage, for long (FUZZ_EXAMPLES=n of each kind), and all of fuzz-addresses
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-5000} scripts/test fuzz fuzz_addresses
fuzz-addresses: ## 50 000 made-up lives of an account's addresses (FUZZ_SEQUENCES=n), and 1 000 in Odoo (FUZZ_ODOO_SEQUENCES=n)
	@scripts/test fuzz_addresses
chaos: ## the long form of the power cuts over both services: 500 letters, 30 kills each (KILLS=n)
	@EPD_CHAOS_KILLS=$(KILLS) scripts/run chaos
foreign: ## nine clients of UniSender and Unisender Go that other people wrote, run against the sandbox (needs npm and the registries)
	@scripts/run foreign
