"""Keep pytest from importing code that is only for a type checker."""

collect_ignore_glob = ["*_code.py"]
