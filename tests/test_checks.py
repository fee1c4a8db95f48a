"""Parameter checks: by name or by value, one sentence, every bad value refused."""

import numpy as np
import pytest

from sklearn_private._checks import Checks
from sklearn_private.exceptions import InvalidParameterError


class Model:
    epsilon = -1.0
    rounds = True
    mode = "x"


@pytest.mark.parametrize(
    "value", [0, -1, float("nan"), float("inf"), "1", None, True, np.nan, 1 + 0j]
)
def test_a_positive_real_number_is_asked_for(value):
    with pytest.raises(InvalidParameterError, match=r"The 'epsilon' parameter of laplace must be"):
        Checks("laplace").real(epsilon=value, above=0)


@pytest.mark.parametrize("value", [1.0, np.float32(2), np.int64(3), True, "1", None])
def test_an_integer_is_asked_for(value):
    check = Checks("newton")
    if isinstance(value, np.integer):
        check.integer(n_rounds=value, at_least=1)
    else:
        with pytest.raises(InvalidParameterError, match="an integer and >= 1. Got"):
            check.integer(n_rounds=value, at_least=1)


def test_an_attribute_and_a_value_are_refused_in_the_same_words():
    messages = []
    for check, call in ((Checks(Model()), ("epsilon",)), (Checks("Model"), ())):
        with pytest.raises(InvalidParameterError) as error:
            check.real(*call, above=0, **({} if call else {"epsilon": -1.0}))
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert messages[0] == (
        "The 'epsilon' parameter of Model must be a finite number and > 0. Got -1.0 instead."
    )


def test_every_limit_is_checked_and_said():
    check = Checks("f")
    check.real(x=0.5, above=0, at_least=0.5, below=1, at_most=0.5)
    for limit in ({"above": 0.5}, {"at_least": 0.6}, {"below": 0.5}, {"at_most": 0.4}):
        with pytest.raises(InvalidParameterError, match=str(*limit.values())):
            check.real(x=0.5, **limit)


def test_an_option_is_one_of_its_own_type():
    Checks("f").choice(mode="a", among=("a", "b"))
    for value in ("c", 1, True, None):
        with pytest.raises(InvalidParameterError, match="one of 'a', 0"):
            Checks("f").choice(mode=value, among=("a", 0))
    with pytest.raises(InvalidParameterError, match="True or False. Got 1"):
        Checks("f").boolean(flag=1)


def test_none_passes_where_it_is_allowed_and_is_named_in_the_rule():
    Checks("f").real(x=None, above=0, optional=True)
    with pytest.raises(InvalidParameterError, match="> 0 or None. Got 0"):
        Checks("f").real(x=0, above=0, optional=True)


def test_a_shown_value_may_be_none():
    assert "Got None instead" in str(Checks(Model()).invalid("mode", "a word", value=None))
    assert "Got 'x' instead" in str(Checks(Model()).invalid("mode", "a word"))
