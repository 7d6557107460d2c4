"""Sorting: numbers as numbers, ages as times, equals in their order, what has no value last."""

from __future__ import annotations

import pytest

from app.fleet.fleet import Fleet
from app.screens.rows import CLUSTER_COLUMNS, CONTAINER_COLUMNS, INSTANCE_COLUMNS, TASK_COLUMNS
from app.screens.tables import orders
from app.screens.tables.orders import natural, ordered
from app.store.table_memory import Arrangement


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["edge-10", "Edge-9", "edge-9b", "edge", "9", "10", "a1.5", "a1.25"]
    assert sorted(names, key=natural) == ["9", "10", "a1.25", "a1.5", "edge", "Edge-9", "edge-9b", "edge-10"]
    assert natural("٣" + "9" * 500) > natural("8")


@pytest.mark.parametrize("descending", [False, True])
def test_equals_keep_their_order_and_what_has_no_value_is_last_either_way(descending: bool) -> None:
    items = [("a", 2), ("b", None), ("c", 1), ("d", 2), ("e", 1), ("f", None)]
    arrangement = Arrangement("value", descending)
    names = "".join(name for name, _ in ordered(items, {"value": lambda item: item[1]}, arrangement))
    assert names == ("adcebf" if descending else "ceadbf")


def test_an_unknown_column_leaves_the_tables_own_order() -> None:
    assert ordered([3, 1, 2], {"value": lambda item: item}, Arrangement("gone")) == [3, 1, 2]


def test_every_column_of_every_table_has_an_order() -> None:
    fleet = Fleet()
    for columns, known in (
        (TASK_COLUMNS, orders.TASK_ORDERS),
        (TASK_COLUMNS, orders.CONTAINER_ORDERS),
        (INSTANCE_COLUMNS, orders.instance_orders()),
        (CLUSTER_COLUMNS, orders.cluster_orders(fleet, lambda _: True)),
        (CONTAINER_COLUMNS, orders.CONTAINER_OF_TASK_ORDERS),
    ):
        missing = {column.key for column in columns} - known.keys()
        assert not missing, f"{missing}: say in app/screens/tables/orders.py what they are sorted by"
