"""Which operations of a job API serve a model."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .shapes import JobApi, Operation

if TYPE_CHECKING:
    from ..base.endpoints import Endpoint


def operations_of(api: JobApi, model: str, role: str) -> Iterator[Operation]:
    """Yield what a model can do in a role, in the order of the file."""
    for one in api.operations:
        if one.role == role and any(fnmatchcase(model, pattern) for pattern in one.models):
            yield one


def takes_jobs(endpoint: "Endpoint", model: str, role: str) -> bool:
    """Return whether what a model does in a role is ordered as jobs, whatever else is spoken there."""
    return endpoint.jobs is not None and any(operations_of(endpoint.jobs, model, role))
