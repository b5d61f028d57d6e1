#!/bin/sh
# Make .venv from constraints.txt, or leave it alone when it is already what they say.
#
# The stamp in .venv is removed first and written last, so a set-up that was cut off is done
# again from nothing. PYTHON=... chooses the interpreter; --which only prints the choice.
set -eu
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }
fail() {
    echo "setup: $1" >&2
    shift
    for line in "$@"; do echo "  $line" >&2; done
    exit 1
}

# pin NAME...: those packages' lines of constraints.txt, with their hashes.
pin() {
    for name in "$@"; do
        awk -v name="$name" '/^[a-z]/ { wanted = index($0, name "==") == 1 } wanted' constraints.txt
    done
}

version_of() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }
supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# A name on PATH proves nothing (version managers leave shims that fail), so each one is run.
choose_python() {
    lacking=""
    for candidate in ${PYTHON:-python3.12 python3.11 python3.10 python3}; do
        supported "$candidate" || continue
        if makes_venvs "$candidate"; then
            echo "$candidate"
            return
        fi
        lacking="${lacking:-$candidate}"
    done
    if [ -n "$lacking" ]; then
        package="python$("$lacking" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
        fail "$lacking can't make virtual environments (it lacks ensurepip)." \
            "On Debian or Ubuntu: sudo apt-get install $package" \
            "Or name another interpreter: make setup PYTHON=/path/to/python3.12"
    fi
    fail "no usable Python 3.10, 3.11 or 3.12 (tried: ${PYTHON:-python3.12 python3.11 python3.10 python3})." \
        "Install one of them, or name it: make setup PYTHON=/path/to/python3.12"
}

if [ "${1:-}" = --which ]; then
    choose_python
    exit
fi

stamp=.venv/juncture-setup
inputs="$(cat constraints.txt pyproject.toml tools/setup.sh | cksum)
$PWD"
venv_version=$(version_of .venv/bin/python || true)

# An interpreter that was asked for counts; the default choice must not rebuild a good .venv.
wanted=$venv_version
if [ -n "${PYTHON:-}" ]; then
    chosen=$(choose_python)
    wanted=$(version_of "$chosen")
fi
[ -n "$venv_version" ] && [ "$venv_version" = "$wanted" ] && [ -f "$stamp" ] || venv_version=""
[ -n "$venv_version" ] && [ "$(cat "$stamp")" = "$inputs" ] && exit 0

started=$(date +%s)
if [ -n "$venv_version" ] && [ "$(tail -n 1 "$stamp")" = "$PWD" ]; then
    say "bringing .venv (Python $venv_version) up to date"
    rm -f "$stamp"
else
    chosen=${chosen:-$(choose_python)}
    say "making .venv with Python $(version_of "$chosen"): about 500 MB to download, 1.2 GB on disk"
    rm -rf .venv
    "$chosen" -m venv .venv
fi

pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }
uv() { .venv/bin/uv --quiet pip "$@" --python .venv/bin/python; }

# Some dependencies are built from source: what builds them is pinned too.
pin uv > .venv/installer.txt
pin setuptools > .venv/build.txt
# uv takes a fifth of pip's time, but reads its own settings only: where a package index is set
# up for pip alone, or uv has no build, pip does the same work.
if ! { pip install --require-hashes -r .venv/installer.txt &&
    uv sync --require-hashes --build-constraints .venv/build.txt constraints.txt; }; then
    say "uv could not install the dependencies; trying pip, which takes a minute or two"
    pip install --require-hashes -r .venv/build.txt
    pip install --require-hashes --no-build-isolation -r constraints.txt
fi
pip install --no-deps --no-build-isolation --editable .

echo "$inputs" > "$stamp"
say "done in $(($(date +%s) - started)) s"
