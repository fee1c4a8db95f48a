import os
import stat
import warnings

import pytest

from sklearn_private.exceptions import InvalidParameterError, PrivacyWarning
from sklearn_private.storage import warn_if_shared, write_private

posix = pytest.mark.skipif(os.name != "posix", reason="file modes: POSIX only")


@posix
def test_only_the_owner_may_read_the_file(tmp_path):
    old = os.umask(0)
    try:
        path = write_private(tmp_path / "key", b"secret")
    finally:
        os.umask(old)
    assert path.read_bytes() == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_stays_as_it_is(tmp_path):
    path = write_private(tmp_path / "key", b"old")
    with pytest.raises(InvalidParameterError, match="exists and is not overwritten"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_overwriting_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = write_private(tmp_path / "key", b"old")

    def crash(descriptor):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", crash)
        with pytest.raises(OSError, match="disk full"):
            write_private(path, b"new", overwrite=True)
    assert path.read_bytes() == b"old"
    write_private(path, b"new", overwrite=True)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.parametrize("mode, warned", [(0o600, False), (0o400, False), (0o640, True)])
def test_a_file_that_others_may_read_is_warned_about(tmp_path, mode, warned):
    path = write_private(tmp_path / "key", b"secret")
    path.chmod(mode)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_shared(path, "the key of site 'a'")
    assert [w.category for w in caught] == [PrivacyWarning] * warned
