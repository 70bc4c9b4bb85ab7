#!/bin/sh
# Prints the path of a Python 3.12 or newer that can make a virtual environment.
#
# A name on PATH proves nothing: a pyenv shim exists for every installed version and fails for
# those not selected, and some systems split venv off. So each candidate is run and asked.
#
#   $PYTHON   if set, the only candidate: a path or a command name
set -u

want="Python 3.12 or newer, with its venv and ensurepip modules"
pyenv_root=${PYENV_ROOT:-${HOME:-}/.pyenv}
rejected=""

# Runs the candidate "$1". A good one is printed and ends the script; any other is noted in
# $rejected. What it runs must parse in Python 2 as well, so that an old one can say its version.
try() {
    answer=$("$1" -c '
import sys
version = ".".join(str(part) for part in sys.version_info[:3])
if sys.version_info < (3, 12):
    print(version + ", too old")
else:
    try:
        import ensurepip, venv
        print("ok " + sys.executable)
    except ImportError:
        print(version + ", without venv or ensurepip")
' 2>/dev/null </dev/null) || answer="does not run"
    case $answer in
        "ok "*)
            printf '%s\n' "${answer#ok }"
            exit 0
            ;;
        *)
            line="  $1 ($answer)"
            case "$rejected
" in
                *"$line
"*) ;; # two searches led to the same one
                *) rejected="$rejected
$line" ;;
            esac
            ;;
    esac
}

# Tries every "$1" on PATH, not just the first, which may be a shim that fails.
try_on_path() {
    old_ifs=$IFS
    IFS=:
    set -f
    for folder in $PATH; do
        if [ -f "$folder/$1" ] && [ -x "$folder/$1" ]; then try "$folder/$1"; fi
    done
    set +f
    IFS=$old_ifs
}

if [ -n "${PYTHON:-}" ]; then
    if candidate=$(command -v "$PYTHON" 2>/dev/null); then
        try "$candidate"
    else
        rejected="
  $PYTHON (not found)"
    fi
    printf 'PYTHON=%s will not do. Needed: %s. Found:%s\n' "$PYTHON" "$want" "$rejected" >&2
    echo "Name another, or leave PYTHON unset to have one looked for." >&2
    exit 1
fi

for name in python3.12 python3.13 python3.14 python3.15 python3.16 python3 python; do
    try_on_path "$name"
done

for python in "$pyenv_root"/versions/3.12*/bin/python "$pyenv_root"/versions/3.13*/bin/python \
    "$pyenv_root"/versions/*/bin/python; do
    if [ -x "$python" ]; then try "$python"; fi
done

if command -v uv >/dev/null 2>&1; then
    # --system passes over virtual environments, ours among them.
    if python=$(uv python find --system '>=3.12' 2>/dev/null); then try "$python"; fi
    # The search of uv ends at the first broken one on PATH. Its own are found apart from PATH.
    UV_PYTHON_PREFERENCE=only-managed
    export UV_PYTHON_PREFERENCE
    if python=$(uv python find --system '>=3.12' 2>/dev/null); then try "$python"; fi
    echo "No $want found: asking uv to install one." >&2
    if uv python install 3.12 >&2 && python=$(uv python find --system 3.12); then try "$python"; fi
    uv_seen="which could not provide one"
else
    uv_seen="not installed"
fi

cat >&2 <<EOF
reactor-env needs $want. None was found.

Looked for:
  python3.12 to python3.16, python3 and python on PATH
  $pyenv_root/versions/*/bin/python
  uv ($uv_seen)
Found, but of no use:${rejected:-
  nothing}

Any one of these gives you one:
  pyenv    pyenv install 3.12
  uv       uv python install 3.12
  system   a package (python3.12 and python3.12-venv, or python@3.12), or python.org/downloads
Then run make again. To name one yourself: make PYTHON=/path/to/python3.12 ...
EOF
exit 1
