#!/bin/sh
# Make a virtual environment that holds this project (editable) and some extras of it, or finish or
# repair one that was interrupted. The Makefile calls it; a complete environment returns at once.
#
#   PYTHON=python3 GOAL=test sh tools/environment.sh .venv test constraints.txt 3.14 270
#
# Two files say how far an earlier run came:
#   $venv.unfinished         exists while anything is being made and names the process group of pip, so
#                            it survives only an interruption, after which a pip that still runs is
#                            ended and all is made anew (pip's cache keeps the downloads)
#   $venv/.ready-HASH-EXTRA  exists once the extra is installed from pyproject.toml and constraints of
#                            that hash, in this directory (an editable install holds its path)
set -eu
venv=$1 extra=$2 constraints=$3 newest=$4 megabytes=$5

fits='
import sys
newest = tuple(map(int, sys.argv[1].split(".")))
sys.exit(not (3, 11) <= sys.version_info[:2] <= newest)
'
complete='import ensurepip, venv'

# Print the command that uses the first Python on PATH that would do, or how to get one.
remedy() {
    for candidate in python3.11 python3.12 python3.13 python3.14; do
        if "$candidate" -c "$fits" "$newest" 2>/dev/null \
            && "$candidate" -c "$complete" 2>/dev/null; then
            echo "make PYTHON=$candidate $GOAL"
            return
        fi
    done
    echo "install it with its venv module, then make PYTHON=/path/to/python3 $GOAL"
}

stop() {
    echo "$*" >&2
    exit 1
}

version=$("$PYTHON" -c 'import platform; print(platform.python_version())' 2>/dev/null) \
    || stop "$PYTHON does not run; Python 3.11 to $newest is needed. Remedy: $(remedy)"
"$PYTHON" -c "$fits" "$newest" \
    || stop "$PYTHON is Python $version; 3.11 to $newest is needed. Remedy: $(remedy)"
"$PYTHON" -c "$complete" 2>/dev/null \
    || stop "$PYTHON has no venv module (Debian, Ubuntu: apt install python3-venv). Remedy: $(remedy)"

# Run in a process group of its own, so that it can be ended with everything that it started.
in_group='
import os, sys
os.setpgid(0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
'
group='' # of the pip that runs

end_group() {
    [ -z "$1" ] || kill -TERM "-$1" 2>/dev/null || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10; do # a second at most: what is left then is killed
        kill -0 "-$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "-$1" 2>/dev/null || true
}

trap 'end_group "$group"; exit 130' INT TERM HUP

python=$venv/bin/python
unfinished=$venv.unfinished
hash=$({ pwd; cat pyproject.toml "$constraints"; } | cksum | cut -d ' ' -f 1)
ready=$venv/.ready-$hash-$extra

usable() {
    [ ! -e "$unfinished" ] && [ "$("$python" -c 'import platform; print(platform.python_version())' \
        2>/dev/null)" = "$version" ]
}

if usable && [ -e "$ready" ]; then
    exit 0
fi

left=$(cat "$unfinished" 2>/dev/null || true)
case $(ps -o args= -p "${left:-0}" 2>/dev/null || true) in
    *"$python"*pip*) end_group "$left" ;; # make was killed, and its pip went on
esac

if ! { usable && "$python" -m pip --version >/dev/null 2>&1; }; then
    [ ! -e "$venv" ] || echo "Making $venv anew: it is unfinished or of another Python."
    : >"$unfinished"
    rm -rf "$venv"
    "$PYTHON" -m venv "$venv" || stop "$PYTHON could not make $venv (see above)."
fi

echo "Installing '$extra' into $venv: up to $megabytes MB to download, once."
case $extra/$(uname) in
    *torch*/Linux)
        echo "On Linux, PyPI's torch may bring CUDA, which is some GB more. To leave that out:"
        echo "  PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make $GOAL"
        ;;
esac
: >"$unfinished"
for old in "$venv"/.ready-*; do
    case $old in
        "$venv/.ready-$hash-"*) ;;
        *) rm -f "$old" ;;
    esac
done
status=0
"$python" -c "$in_group" -m pip install -qq --disable-pip-version-check \
    --constraint "$constraints" --editable ".[$extra]" &
group=$!
echo "$group" >"$unfinished"
# A make that is killed tells nobody: whoever it was that started this is looked for instead.
(while kill -0 "$PPID" 2>/dev/null && kill -0 "$group" 2>/dev/null; do sleep 1; done
 kill -0 "$PPID" 2>/dev/null || end_group "$group") &
watcher=$!
wait "$group" || status=$?
kill "$watcher" 2>/dev/null || true
group=''
if [ "$status" -ne 0 ]; then
    # Status 1 is pip's own refusal, before which it puts everything back: nothing is half made.
    [ "$status" -ne 1 ] || rm -f "$unfinished"
    stop "pip could not install '$extra' (see above). Once that is settled: make $GOAL"
fi
: >"$ready"
rm -f "$unfinished"
