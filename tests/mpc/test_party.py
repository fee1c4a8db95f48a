"""What a real party needs to be told, before anything is sent."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mpc import MPCFitter
from sklearn_private.transport import make_certificates

X, y = np.eye(4), np.array([0, 1, 0, 1])
PEERS = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]
PLACE = {"party": 0, "peers": PEERS, "tls": "nowhere"}


@pytest.mark.parametrize(
    "estimator, parameters, named",
    [
        (Ridge(), {"peers": PEERS}, "'peers' parameter .* give party="),
        (Ridge(), {"tls": "x"}, "'tls' parameter .* give party="),
        (Ridge(), {"party": 0}, "needs peers and tls"),
        (Ridge(), {**PLACE, "peers": PEERS[:2]}, "'peers' parameter .* 3 parties or more"),
        (Ridge(), {**PLACE, "peers": "a:1,b:2"}, "'peers' parameter .* 3 parties or more"),
        (Ridge(), {**PLACE, "party": 3}, "'party' parameter"),
        (Ridge(), {**PLACE, "party": "0"}, "'party' parameter"),
        (Ridge(), {**PLACE, "timeout": -1.0}, "'timeout' parameter"),
        (LogisticRegression(), PLACE, "needs classes="),
        (Ridge(), PLACE, "'tls' parameter must be the folder of one member .* is no folder"),
    ],
)
def test_a_party_that_lacks_something_is_told_what(estimator, parameters, named):
    with pytest.raises(InvalidParameterError, match=named):
        MPCFitter(estimator, **parameters).fit(X, y)


def test_a_party_takes_no_groups():
    with pytest.raises(InvalidParameterError, match="all rows are this party's"):
        MPCFitter(Ridge(), **PLACE).fit(X, y, groups=[1, 2, 1, 2])


def test_certificates_and_peers_must_name_the_same_parties(tmp_path):
    folders = make_certificates(tmp_path, ["0", "1"], coordinator=False)
    with pytest.raises(InvalidParameterError, match="certificates of 0, 1, and peers .*0, 1, 2"):
        MPCFitter(Ridge(), **{**PLACE, "tls": folders["0"]}).fit(X, y)
