#!/bin/sh
# Makes what the Makefile needs, and does nothing when nothing changed.
#
#   sh code/environment.sh install    .venv with exactly requirements.lock, and the package itself
#   sh code/environment.sh backends   the same, plus JAX and PyTorch for the tests of the other Keras backends
#   sh code/environment.sh browser    a Chromium for the tests: found, or installed where we may
#   sh code/environment.sh lock       the lock files, written anew (needs uv: python -m pip install uv)
#
# PYTHON names the interpreter to build on (3.11 to 3.13); without it the newest one found is taken.
# Exit status 2: something on this machine is missing; the message says what to do about it.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv="$root/.venv"
torch_version=2.13.0 # the CPU build of this version is what the tests run on

fail() {
    printf '%s\n' "$@" >&2
    exit 2
}

version_of() { # the interpreter's "3.12", or nothing when it does not run (a version manager's empty shim, say)
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

supported() {
    case "$1" in 3.11 | 3.12 | 3.13) return 0 ;; *) return 1 ;; esac
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        found=$(version_of "$PYTHON")
        [ -n "$found" ] || fail "PYTHON=$PYTHON does not run. Name an interpreter: make report PYTHON=/path/to/python3.12"
        supported "$found" || fail "PYTHON=$PYTHON is Python $found; this project needs 3.11, 3.12 or 3.13."
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if supported "$(version_of "$candidate")"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "No Python 3.11, 3.12 or 3.13 found on the path." \
        "Install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name it: make report PYTHON=/path/to/python3.12"
}

# A stamp holds what it was made from, not a time: an edit undone is no change, and a moved or copied folder is one.
fresh() { # stamp, wanted content on stdin
    cmp -s - "$1" 2>/dev/null
}

stamp() { # written last and renamed, so that an interrupted installation is not taken for a finished one
    cat >"$1.part" && mv "$1.part" "$1"
}

locked_content() {
    printf '%s %s\n' "$root" "$(version_of "$venv/bin/python")"
    cat "$root/requirements.lock"
}

package_content() {
    cat "$root/code/pyproject.toml" "$root/code/setup.py" "$root/requirements.txt"
}

backends_content() {
    locked_content
    cat "$root/requirements-backends.lock"
    printf 'torch %s\n' "$torch_version"
}

pip_install() {
    "$venv/bin/python" -m pip install -qq --no-input --disable-pip-version-check --no-compile "$@"
}

compile_all() { # what is not compiled yet, on all cores, where pip uses one; some packages hold files of Python 2, which nobody imports
    "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
}

other_python_asked() {
    [ -n "${PYTHON:-}" ] && [ "$(version_of "$PYTHON")" != "$(version_of "$venv/bin/python")" ]
}

install() {
    [ ! -L "$venv" ] || fail ".venv is a link: installing would empty the environment that it points to ($(readlink "$venv"))." \
        "Remove the link (rm .venv) and run this again: it makes an environment of its own."
    if other_python_asked || ! locked_content | fresh "$venv/.locked"; then
        python=$(find_python)
        "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python cannot make virtual environments." \
            "Install its venv module (Debian, Ubuntu: sudo apt-get install python$(version_of "$python")-venv)."
        rm -f "$venv/.locked" "$venv/.package" "$venv/.backends"
        echo "Installing into .venv with Python $(version_of "$python"): about 0.5 GB to download, a few minutes, once."
        "$python" -m venv --clear "$venv"
        pip_install --require-hashes --only-binary :all: -r "$root/requirements.lock"
        compile_all
        locked_content | stamp "$venv/.locked"
    fi
    if ! package_content | fresh "$venv/.package"; then
        rm -f "$venv/.package"
        pip_install --no-deps --no-build-isolation -e "$root/code"
        package_content | stamp "$venv/.package"
    fi
}

install_backends() {
    install
    if backends_content | fresh "$venv/.backends"; then
        return
    fi
    echo "Adding JAX and PyTorch to .venv for the tests of the other Keras backends."
    pip_install --require-hashes --only-binary :all: -r "$root/requirements-backends.lock"
    # The CPU build has its own version name. Where no configured index offers it, the common build serves as well; on
    # Linux that one does not start without its CUDA packages, so they come too.
    pip_install --no-deps --only-binary :all: "torch==$torch_version+cpu" 2>/dev/null ||
        pip_install --only-binary :all: "torch==$torch_version"
    compile_all
    "$venv/bin/python" -c 'import jax, torch'
    backends_content | stamp "$venv/.backends"
}

find_browser() { # the renderer knows where to look
    "$venv/bin/python" -c 'from renderer import chromium; chromium.find()' 2>/dev/null
}

browser() {
    if find_browser; then
        return
    fi
    if [ -z "${CHROMIUM:-}" ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
        echo "Installing Chromium for the tests."
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
        if find_browser; then
            return
        fi
    fi
    fail "The tests look at the site in Chromium, and none was found. Install one:" \
        "  Debian: sudo apt-get install chromium" \
        "  elsewhere: .venv/bin/python -m playwright install --with-deps chromium" \
        "or name the one you have: CHROMIUM=/path/to/chromium make test"
}

lock() { # newest versions, one for all Pythons where possible, every platform, hashes from the registry
    command -v uv >/dev/null || fail "make lock needs uv: python -m pip install uv"
    cd "$root"
    for name in requirements requirements-backends; do
        uv --quiet pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --upgrade \
            --no-config --custom-compile-command "make lock" \
            "$name.txt" --output-file "$name.lock"
    done
}

case "${1:-}" in
install) install ;;
backends) install_backends ;;
browser) browser ;;
lock) lock ;;
*) fail "usage: sh code/environment.sh install|backends|browser|lock" ;;
esac
