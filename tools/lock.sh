#!/bin/sh
# Write constraints.txt from pyproject.toml: every dependency of every extra, with its hashes, for
# all supported Pythons on Linux and macOS. Arguments go to uv: --upgrade, --upgrade-package NAME.
#
# No address is recorded, so that the file holds wherever packages come from.
set -eu
cd "$(dirname "$0")/.."
exec .venv/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.10 \
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
    --output-file constraints.txt "$@"
