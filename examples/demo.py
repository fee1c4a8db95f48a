"""The main job on real data; ``make demo`` runs it. Output goes to ``build/demo``."""

import argparse
from pathlib import Path

from chapters import audit, console, covid, encrypted, loans, networks, sites, techniques


def main(folder):
    """Run every chapter of the demo."""
    folder.mkdir(parents=True, exist_ok=True)
    for chapter in (covid, loans, networks, sites, techniques, encrypted, audit):
        chapter.run(folder, console)
    console.text("Files: " + ", ".join(sorted(path.name for path in folder.iterdir())))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="build/demo", type=Path)
    main(parser.parse_args().folder)
