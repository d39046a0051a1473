# `make run` is all a newcomer needs; `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3 || command -v python)
HOST ?= 127.0.0.1
PORT ?= 8080
ARGS ?=
JOBS ?= auto
BIN := .venv/bin
# Only folders that exist: ruff and mypy refuse others.
SOURCES := $(wildcard actions bench bot scripts tests)

# Empty lets Python keep its compiled files even where that is forbidden: TensorFlow takes long to compile at every start.
export PYTHONDONTWRITEBYTECODE :=
export RASA_TELEMETRY_ENABLED ?= false
export SQLALCHEMY_SILENCE_UBER_WARNING ?= 1
export TF_CPP_MIN_LOG_LEVEL ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev browser run train test lint format bench faults lock clean

help: ## 列出所有命令 list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: ## 准备运行环境 get uv and Python 3.11, make .venv, install
	@$(PYTHON) scripts/prepare setup

setup-dev:
	@$(PYTHON) scripts/prepare setup --dev

browser: setup-dev
	@$(PYTHON) scripts/prepare browser

run: setup ## 启动服务 start the service (HOST=… PORT=… ARGS=…)
	@exec $(BIN)/anfu serve --host $(HOST) --port $(PORT) $(ARGS)

train: setup ## 训练模型 train the Rasa model
	@exec $(BIN)/anfu train $(ARGS)

test: lint browser ## 全部检查与测试 lint, types and all tests (ARGS=… for pytest, JOBS=… at a time)
	$(BIN)/anfu train # once, before several servers want the model at the same time
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --durations=25 -m "not timed" $(ARGS)
	# Whoever else is on the machine can only make a figure worse: one that misses its goal is measured again.
	$(BIN)/pytest -m timed --reruns 2 -rR $(ARGS) || test $$? -eq 5 # 5: ARGS chose no timed test

lint: setup-dev ## 代码检查 ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	MYPYPATH=scripts/prepare $(BIN)/mypy $(SOURCES)

format: setup-dev ## 整理代码 let ruff fix and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup-dev ## 测量 run the measurements
	@exec $(BIN)/python -m bench $(ARGS)

faults: setup-dev ## 故障演练 break everything in turn and check that nothing is lost (10 to 15 minutes, as root)
	@exec $(BIN)/python -m tests.faults $(ARGS)

# No uv.lock: it records download addresses. The run-time pins bind the developer's ones.
LOCK := uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet
lock: setup ## 更新依赖锁 renew both lock files (ARGS=--upgrade)
	@PATH="$$PATH:$(CURDIR)/.tools" && export PATH && \
	$(LOCK) $(ARGS) -o requirements.lock && \
	$(LOCK) $(ARGS) --group dev -c requirements.lock -o requirements-dev.lock

clean: ## 清除环境与缓存，数据与模型保留 remove the environment and caches; data and models stay
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .rasa build *.egg-info tests/output
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
