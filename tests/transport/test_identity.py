import os
import pickle
import shutil
import stat
import warnings
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from sklearn_private.exceptions import InvalidParameterError, PrivacyWarning, TransportError
from sklearn_private.transport import Identity, Kind, identities, make_certificates, write_frame
from sklearn_private.transport.identity import _certificates, _identity

FRAME = write_frame(Kind.ANSWER, {}, b"payload")
posix = pytest.mark.skipif(os.name != "posix", reason="file modes: POSIX only")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"), ["b", "a", "c"])


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made["a"], tmp_path / "a")


def test_each_member_has_its_own_key_and_the_certificates_of_all(made):
    for name, path in made.items():
        assert [file.stem for file in path.glob("*.key")] == [name]
        identity = Identity.load(path)
        assert identity.name == name
        assert identity.sites == ("a", "b", "c")
        assert identity.members == ("a", "b", "c", "coordinator")


def test_a_computation_of_parties_has_no_coordinator(tmp_path):
    folders = make_certificates(tmp_path, ["0", "1"], coordinator=False)
    assert Identity.load(folders["1"], "1").members == ("0", "1")


def test_no_key_of_the_authority_is_written(made):
    keys = [file.name for path in made.values() for file in path.glob("*.key")]
    assert sorted(keys) == ["a.key", "b.key", "c.key", "coordinator.key"]


@posix
def test_only_the_owner_may_read_a_key(made):
    assert stat.S_IMODE((made["a"] / "a.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(made["a"].stat().st_mode) == 0o700


@posix
def test_a_key_that_others_may_read_is_warned_about(folder):
    (folder / "a.key").chmod(0o644)
    with pytest.warns(PrivacyWarning, match="the key of 'a' can be read"):
        Identity.load(folder)


def test_a_folder_that_is_there_is_not_touched(made):
    before = (made["a"] / "a.key").read_bytes()
    with pytest.raises(InvalidParameterError, match="never mixed with older ones"):
        make_certificates(made["a"].parent, ["a", "d"])
    assert (made["a"] / "a.key").read_bytes() == before
    assert not (made["a"].parent / "d").exists()


@pytest.mark.parametrize(
    "sites",
    [
        [], "abc", ["a", "a"], ["a", "A"], ["coordinator"], ["Coordinator"], ["ca"], [""],
        ["../a"], [".a"], ["a/b"], ["a" * 64], ["é"], [3], ["a\n"],
    ],
)  # fmt: skip
def test_names_that_break_the_rule_are_refused(sites, tmp_path):
    with pytest.raises(InvalidParameterError, match="Got"):
        make_certificates(tmp_path, sites)
    assert list(tmp_path.iterdir()) == []


def test_a_signature_is_of_one_frame_and_one_member():
    members = identities(["a", "b"])
    signature = members["a"].sign(FRAME)
    members["b"].verify("a", FRAME, signature)
    other = write_frame(Kind.ANSWER, {}, b"payloae")
    for who, frame, bad in [
        ("b", FRAME, signature),
        ("coordinator", FRAME, signature),
        ("stranger", FRAME, signature),
        ("a", other, signature),
        ("a", FRAME, bytes(64)),
        ("a", FRAME, signature[:-1]),
        ("a", FRAME, members["b"].sign(FRAME)),
    ]:
        with pytest.raises(TransportError, match="not signed by"):
            members["b"].verify(who, frame, bad)


def test_no_bit_of_a_signature_can_flip_unseen():
    members = identities(["a"])
    signature = members["a"].sign(FRAME)
    for position in range(64):
        damaged = bytearray(signature)
        damaged[position] ^= 1
        with pytest.raises(TransportError):
            members["a"].verify("a", FRAME, damaged)


def test_members_of_another_computation_sign_in_vain():
    ours, theirs = identities(["a"]), identities(["a"])
    with pytest.raises(TransportError):
        ours["a"].verify("a", FRAME, theirs["a"].sign(FRAME))


def test_a_certificate_of_another_authority_is_refused(folder, tmp_path):
    other = make_certificates(tmp_path / "other", ["a", "b"])
    shutil.copy(other["b"] / "b.pem", folder)
    with pytest.raises(InvalidParameterError, match="certificate of 'b' was not signed by"):
        Identity.load(folder)
    shutil.copy(other["b"] / "ca.pem", folder)
    with pytest.raises(InvalidParameterError, match="certificate of 'a' was not signed by"):
        Identity.load(folder)


def test_a_swapped_certificate_is_refused(folder):
    shutil.copy(folder / "b.pem", folder / "c.pem")
    with pytest.raises(InvalidParameterError, match=r"in c.pem is that of site 'b'"):
        Identity.load(folder)


def test_a_site_cannot_be_the_coordinator(folder):
    shutil.copy(folder / "b.pem", folder / "coordinator.pem")
    with pytest.raises(InvalidParameterError, match=r"in coordinator.pem is that of site 'b'"):
        Identity.load(folder)


def test_a_key_of_somebody_else_is_refused(folder, made):
    shutil.copy(made["b"] / "b.key", folder / "a.key")
    with pytest.raises(InvalidParameterError, match="belongs to another key"):
        Identity.load(folder)


@pytest.mark.parametrize("later, good", [(0.0, True), (0.9, True), (1.1, False), (-1.0, False)])
def test_a_certificate_is_good_for_its_days_only(tmp_path, monkeypatch, later, good):
    folders = make_certificates(tmp_path, ["a"], days=1)
    now = datetime.now(UTC) + timedelta(days=later)
    monkeypatch.setattr(_identity, "datetime", SimpleNamespace(now=lambda zone: now))
    if good:
        Identity.load(folders["a"])
    else:
        with pytest.raises(InvalidParameterError, match="good from .* and the clock here says"):
            Identity.load(folders["a"])


@pytest.mark.parametrize("name", ["a.key", "b.pem", "ca.pem"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA"])
def test_a_damaged_file_is_named(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(InvalidParameterError, match=f"{name}.* holds no key or certificate"):
        Identity.load(folder)


def test_a_missing_file_is_named(folder):
    (folder / "ca.pem").unlink()
    with pytest.raises(InvalidParameterError, match=r"ca.pem.* cannot be read \(No such file"):
        Identity.load(folder)
    (folder / "a.pem").unlink()
    with pytest.raises(InvalidParameterError):
        Identity.load(folder)


def test_a_folder_of_somebody_else_is_refused(folder, tmp_path):
    with pytest.raises(InvalidParameterError, match=r"holds no b.key: it is the folder of \['a'\]"):
        Identity.load(folder, "b")
    with pytest.raises(InvalidParameterError, match="is no folder"):
        Identity.load(tmp_path / "nowhere")
    with pytest.raises(InvalidParameterError, match=r"exactly one .key file"):
        Identity.load(tmp_path)


def test_an_identity_shows_and_pickles_no_key(folder):
    identity = Identity.load(folder)
    assert repr(identity) == "Identity('a', sites=['a', 'b', 'c'])"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(identity)
    assert repr(_certificates.issue(["a"])) == "Issued(a, coordinator)"


def test_an_identity_in_memory_has_no_tls():
    with pytest.raises(InvalidParameterError, match="no folder"):
        identities(["a"])["a"].client_context(_identity.Purpose.RUN)


def test_loading_a_good_folder_warns_about_nothing(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Identity.load(folder)
