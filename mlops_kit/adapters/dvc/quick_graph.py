"""Spares DVC a search for circles that takes the square of the number of stages: it begins anew at every stage."""

from collections.abc import Iterator
from contextlib import contextmanager

from dvc.repo import graph as dvc_graph
from networkx import DiGraph, is_directed_acyclic_graph

from mlops_kit.adapters.dvc.replaced import replaced

_slow_check = dvc_graph.check_acyclic


@contextmanager
def quick_graph() -> Iterator[None]:
    """Whether stages wait for each other in a circle is found in one pass; DVC names the circle where there is one."""
    with replaced(dvc_graph, "check_acyclic", _check_acyclic):
        yield


def _check_acyclic(graph: DiGraph) -> None:
    if not is_directed_acyclic_graph(graph):
        _slow_check(graph)
