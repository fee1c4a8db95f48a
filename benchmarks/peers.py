"""Peers of the benchmarks, each in an environment of its own under ``build/peers``.

Their pins exclude one another and ours, so each row of ``PEERS`` becomes a virtual environment when
a benchmark first asks for it. A peer that does not install is skipped, and the benchmark says so.
"""

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "build" / "peers"

PEERS = {
    "dp-ibm": ["diffprivlib==0.6.6", "scikit-learn==1.7.2"],
    "torch": ["torch==2.13.0", "opacus==1.6.0", "scikit-learn==1.9.1"],
    "anonymization": ["anonypy==0.2.1", "pycanon==1.3.5"],
    "lighthouse": ["project-lighthouse-anonymize==1.0.0"],
    "umbra": ["umbra-k==0.1.0"],
}


def python_of(name):
    """Return the interpreter of a peer's environment, or None if it cannot be made.

    Parameters
    ----------
    name : str
        A key of ``PEERS``.

    Returns
    -------
    pathlib.Path or None
    """
    venv = FOLDER / name
    python, ready = venv / "bin" / "python", venv / ".ready"
    if ready.exists() and ready.read_text() == "\n".join(PEERS[name]):
        return python
    print(f"Making an environment for {', '.join(PEERS[name])} ...", flush=True)
    install = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *PEERS[name]]
    for command in ([sys.executable, "-m", "venv", "--clear", venv], install):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip() or "unknown reason").splitlines()[-1]
            print(f"  skipped, it does not install: {reason}")
            return None
    ready.write_text("\n".join(PEERS[name]))
    return python


def run_peer(name, script, *arguments):
    """Run a script in a peer's environment and return the JSON that it prints last.

    Parameters
    ----------
    name : str
        A key of ``PEERS``.
    script : str
        Python source. It reads its arguments from ``sys.argv`` and prints one line of JSON last.
    *arguments : str
        Passed on.

    Returns
    -------
    object or None
        None if the peer cannot be had, or fails.
    """
    python = python_of(name)
    if python is None:
        return None
    command = [python, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"  {name} failed: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])
