#!/bin/sh
# Makes (or completes) the environment that the CCXT conformance test runs in, apart from the project's own.
#
# CCXT calls the venue's signer library by position, so both must be of one revision: ccxt 4.5.64 goes with the library
# of lighter-sdk 1.1.0 and earlier, later CCXT releases (seen: 4.5.90) with that of 1.1.1 and later. Two of these libraries
# in one process are untested, hence the environment of its own.
#
# Usage: ccxt_environment.sh [DIRECTORY [PYTHON]]      (.venv-ccxt at the project's root; the python of .venv)
# Prints nothing when all is there already. Ends with 1 and one line on stderr when it cannot be made.
set -eu

cd "$(dirname "$0")/../.."
directory=${1:-.venv-ccxt}
python=${2:-.venv/bin/python}
command -v "$python" > /dev/null || python=python3
marker="$directory/.complete"
wanted="ccxt==4.5.64 lighter-sdk==1.1.0"

if [ -f "$marker" ] && [ "$(cat "$marker")" = "$wanted" ]; then
    exit 0
fi

fail() {
    echo "cannot make the CCXT environment in $directory: $1" >&2
    exit 1
}

# Tests run in several processes: one builds, the others wait and find it complete.
mkdir -p "$directory"
if command -v flock > /dev/null; then
    exec 9> "$directory/.lock"
    flock 9
    if [ -f "$marker" ] && [ "$(cat "$marker")" = "$wanted" ]; then
        exit 0
    fi
fi

"$python" -m venv "$directory" || fail "python -m venv failed"
pip="$directory/bin/python -m pip --disable-pip-version-check --quiet"
# CCXT pins the libraries it needs; of the SDK only the signer library is used, so none of its dependencies.
$pip install "ccxt==4.5.64" || fail "ccxt 4.5.64 could not be installed (is the package index reachable?)"
$pip install --no-deps "lighter-sdk==1.1.0" || fail "lighter-sdk 1.1.0 could not be installed"
printf '%s' "$wanted" > "$marker"
