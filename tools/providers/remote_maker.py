"""Who makes media somewhere else: the model that the settings name for a role, in the words its server speaks."""

from importlib import import_module

from ..base.endpoints import split_model
from ..base.makers import Maker
from ..base.settings import Settings

WIRES = {"openai": "openai_maker", "jobs": "job_maker", "webui": "webui_maker", "comfyui": "comfyui_maker"}
"""What a server speaks -> the module of this folder with `maker(settings, model, role) -> Maker`."""


def provider(settings: Settings, model: str, role: str) -> Maker:
    endpoint = settings.endpoints[split_model(model)[0]]
    module = import_module(f".{WIRES[endpoint.wire]}", __package__)
    made: Maker = module.maker(settings, model, role)
    return made
