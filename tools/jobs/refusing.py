"""Turn the refusals of a job API into errors of ours."""

from ..base import faults
from ..base.endpoints import ServedModel
from ..base.errors import ArgumentError, ProviderError, SensoriumError, SettingsError
from .patterns import pattern
from .shapes import JobApi, Refusal

MOST_READ = 20_000
"""Letters of a refusal that are looked through."""


def refusal(
    api: JobApi, served: ServedModel, status: int, text: str, said: str = ""
) -> tuple[Refusal | None, SensoriumError]:
    """Return what kind of refusal an answer is, and its error.

    Args:
        api: Whose answer.
        served: What was asked for.
        status: HTTP status; under 300 for a job that failed, or an answer that says so itself.
        text: All of the answer.
        said: Its message, where that is known.
    """
    name, endpoint = api.name, served.endpoint
    told = faults.shown(served, said) or faults.words(served, text)
    why = f": {told.rstrip('.')}" if told else ""
    code = f" ({status})" if status >= 300 else ""
    # The page of a proxy speaks of policies, too; and what else is long says nothing more.
    text = text[:MOST_READ] if not faults.is_page(text) else ""
    kind = kind_of(api, f"{status} {said[:MOST_READ]} {text}")
    if kind == "busy" and status >= 500 and status != 503:
        kind = None  # it may have been worked on, and is not sent again
    if kind == "policy":
        return kind, ArgumentError(
            f"`{name}` refuses this for its rules about content{code}{why}. Ask for something else, or in other words."
        )
    if kind == "limit":
        return kind, ArgumentError(f"`{name}` does not take this{code}{why}. Change what it names.")
    if kind == "key" or (kind is None and status == 401):
        # What it says is not shown: some servers repeat the key, or most of it.
        if not endpoint.key:
            return "key", SettingsError(
                f"`{name}` asks for a key{code}. Name the variable that holds it as `key` in `[providers.{name}]` "
                "of sensorium.toml."
            )
        return "key", SettingsError(f"`{name}` refused the key in `{endpoint.key}`{code}. Set `{endpoint.key}` anew.")
    if kind == "credit" or (kind is None and (status == 402 or faults.is_out_of_credit(text))):
        return "credit", ProviderError(f"`{name}` has no credit left for this key{code}{why}. Add some there.")
    if kind == "busy" or (kind is None and status == 429):
        return "busy", ProviderError(f"`{name}` takes no more jobs for now{code}{why}. Try again later.")
    if status >= 500:
        return None, ProviderError(
            f"`{name}` failed{code}{why}. Try again later; nothing was sent twice.", may_be_paid=True
        )
    if status == 403:
        return None, SettingsError(
            f"`{name}` does not let this key use {served.name!r}{code}{why}. Set "
            f"`{endpoint.key or served.setting}`, or another `{served.setting}`."
        )
    if status in (400, 404, 422) and faults.names_no_model(text):
        return None, SettingsError(f"`{name}` has no model {served.name!r}{code}{why}. Set `{served.setting}`.")
    return None, ProviderError(f"`{name}` refused the request{code}{why}")


def kind_of(api: JobApi, text: str) -> Refusal | None:
    """Return what the file says that an error with these words is."""
    kinds: list[Refusal] = ["policy", "credit", "key", "busy", "limit"]
    return next(
        (one for one in kinds if (told := api.refusals.get(one)) and pattern(told).isinstance_python(text)), None
    )
