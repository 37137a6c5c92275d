"""``make test`` runs every pair of values, ``make test-long`` every combination."""

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st
from selection import covering

PARAMETERS = {"database": ["sqlite", "postgresql"], "store": ["folder", "bucket"], "stage": range(8)}


def everything(parameters):
    return [dict(zip(parameters, values, strict=True)) for values in product(*parameters.values())]


def pairs(tests):
    return {pair for test in tests for pair in combinations(sorted(test.items()), 2)}


class TestCovering:
    def test_every_pair_of_values_occurs(self):
        tests = everything(PARAMETERS)
        chosen = [tests[number] for number in covering(tests)]
        assert pairs(chosen) == pairs(tests)
        assert len(chosen) == 16

    def test_all_values_of_one_parameter_are_run(self):
        assert covering(everything({"stage": range(8)})) == set(range(8))

    def test_a_test_without_parameters_is_run(self):
        assert covering([{}]) == {0}

    @given(
        st.lists(
            st.fixed_dictionaries({"a": st.integers(0, 3), "b": st.integers(0, 2), "c": st.booleans()}),
            max_size=30,
        )
    )
    def test_also_of_combinations_that_are_not_complete(self, tests):
        chosen = [tests[number] for number in sorted(covering(tests))]
        assert pairs(chosen) == pairs(tests)
