"""Errors, and the places that they are at."""

from juncture.errors import Location


def test_places_are_in_the_order_of_the_file_known_as_far_as_they_are() -> None:
    whole, first, column, second = Location("a"), Location("a", 1), Location("a", 1, 7), Location("a", 2)
    assert sorted([second, column, whole, first]) == [whole, first, column, second]
