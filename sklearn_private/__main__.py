"""``python -m sklearn_private``: see :mod:`sklearn_private.cli`."""

from .cli import main

if __name__ == "__main__":
    main()
