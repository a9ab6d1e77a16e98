build:           # editable; without isolation, so that the tools are still there for a rebuild
    pip install -c constraints.txt scikit-build-core pybind11 cmake ninja
    pip install -c constraints.txt --no-build-isolation -e '.[app,models,test,dev]'

check: lint test cpp

lint:            # format, lint, types, layers, stub
    prek run --all-files
    python -m mypy.stubtest obcore._core obcore._bench --allowlist tests/stubtest_allowlist.txt

test *args:      # offline, on the CPU
    pytest -m "not network and not gpu" {{args}}

cpp:             # sanitizers, ten million events optimized, clang-tidy
    cmake --workflow --preset asan
    cmake --workflow --preset tsan
    cmake --workflow --preset release
    cmake --workflow --preset tidy

race *args:      # against the other order books, in an environment of their own
    python -m venv .venv-bench
    .venv-bench/bin/pip install -q -c constraints-bench.txt '.[bench]'
    .venv-bench/bin/obcore bench --peers {{args}}

bench *args:     # saved; add --benchmark-compare to set it against the last run
    pytest bench --benchmark-enable --benchmark-autosave {{args}}

guard command="check":  # instructions of fixed workloads against their record; or: just guard renew
    python bench/instructions.py {{command}}
