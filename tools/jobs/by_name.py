"""Which operations of a job API serve a model."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from .shapes import JobApi, Operation


def operations_of(api: JobApi, model: str, role: str) -> Iterator[Operation]:
    """Yield what a model can do in a role, in the order of the file."""
    for one in api.operations:
        if one.role == role and any(fnmatchcase(model, pattern) for pattern in one.models):
            yield one
