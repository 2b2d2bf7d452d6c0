"""Who makes media somewhere else: the model that the settings name for a role, in the words its server speaks."""

from importlib import import_module

from ..base.endpoints import split_model
from ..base.makers import Maker
from ..base.settings import Settings
from ..jobs.by_name import operations_of

WIRES = {"openai": "openai_maker", "jobs": "job_maker", "webui": "webui_maker", "comfyui": "comfyui_maker"}
"""What a server speaks -> the module of this folder with `maker(settings, model, role) -> Maker`."""


def provider(settings: Settings, model: str, role: str) -> Maker:
    name, of = split_model(model)
    endpoint = settings.endpoints[name]
    # What an API of another kind can do beside is done by jobs.
    has_jobs = endpoint.jobs is not None and any(operations_of(endpoint.jobs, of, role))
    module = import_module(f".{WIRES['jobs' if has_jobs else endpoint.wire]}", __package__)
    made: Maker = module.maker(settings, model, role)
    return made
