"""Makes media through job APIs, which files in `jobs/` describe."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..base.budget import Order
from ..base.endpoints import ServedModel
from ..base.errors import SettingsError
from ..base.makers import FileName, Fitted, Made, Task, Wish
from ..base.paid import check_limits, order_key
from ..base.price import quote_of
from ..base.settings import Settings
from ..jobs.by_name import operations_of
from ..jobs.shapes import JobApi, Operation
from .at_endpoint import AtEndpoint

if TYPE_CHECKING:
    from ..base.run import Run


def maker(settings: Settings, model: str, role: str) -> "JobMaker":
    return JobMaker(settings, model, role)


class JobMaker(AtEndpoint):
    """A model behind a job API, in one role."""

    def __init__(self, settings: Settings, model: str, role: str) -> None:
        super().__init__(settings, model)
        self.role = role

    def missing(self) -> str | None:
        """Return which setting is missing, or None."""
        if reason := super().missing():
            return reason
        try:
            served, api = self._asked()
        except SettingsError as error:
            return str(error)
        jwt, endpoint = api.jwt, served.endpoint
        if jwt and endpoint.key == jwt.secret and not endpoint.issuer and not endpoint.is_local:
            return f"`{endpoint.name}` wants `{jwt.issuer}` beside `{jwt.secret}`. Set it."
        if not any(operations_of(api, served.name, self.role)):
            models = [one for each in api.operations if each.role == self.role for one in each.models]
            known = ", ".join(dict.fromkeys(models)) or "none for this role"
            return f"`{endpoint.name}` has no model {served.name!r} here; it has: {known}. Set `{served.setting}`."
        return None

    def tasks(self) -> frozenset[Task]:
        """Return what the model can do."""
        try:
            served, api = self._asked()
        except SettingsError:
            return frozenset()
        return frozenset(one.task for one in operations_of(api, served.name, self.role))  # type: ignore[misc]

    def fit(self, wish: Wish) -> Fitted:
        """Return a wish as the model takes it.

        Raises:
            ArgumentError: It cannot be had from this model.
        """
        return self._chosen(wish)[1]

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Make a wish; see `Maker.make`."""
        from ..jobs.asking import asking
        from ..jobs.engine import Engine
        from ..jobs.filling import check_files

        served, api = self._asked()
        operation, fitted = self._chosen(wish)
        wish, salt = fitted.wish, wish.salt
        units = units_of(self.role, wish, await _lasting_seconds(wish, run))
        check_limits(served, units)
        await check_files(operation, wish, run, served.full_name)
        files = {name: list(one) for name, one in wish.files.items()}
        ordered = json.dumps([wish.task, dict(wish.values), files, salt], sort_keys=True)
        quote = quote_of(served, units, ordered=wish.priced_by)
        order = Order(
            served=served,
            key=order_key(served, f"job:{operation.name}", ordered.encode()),
            quote=quote,
            call=run.call.id,
            asks_again=quote.high_usd == 0,
            is_job=operation.submit.job is not None,
            is_found=bool(operation.lookup or operation.submit.idempotency),
        )
        asked = asking(api, served, run.egress)
        made = await Engine(run=run, asking=asked, operation=operation, wish=wish, order=order).outcome()
        return Made(
            files=tuple(map(run.artifact, made["files"])),
            served_by=served.full_name,
            texts=tuple(made["texts"]),
            seed=made["seed"],
            job=made["job"],
            notes=fitted.notes,
        )

    def _asked(self) -> tuple[ServedModel, JobApi]:
        """Return the model and the API that serves it.

        Raises:
            SettingsError: The key is missing, or it has no such API.
        """
        served = self._served()
        if served.endpoint.jobs is None:
            raise SettingsError(
                f'`{served.endpoint.name}` has `wire = "jobs"` and no file `providers/{served.endpoint.name}.toml` in '
                "the home folder that describes them. Write one; `sensorium providers check FILE` checks it."
            )
        return served, served.endpoint.jobs

    def _chosen(self, wish: Wish) -> tuple[Operation, Fitted]:
        from ..jobs.fitting import choose

        served, api = self._asked()
        return choose(api, served.name, self.role, wish)


_LASTS_AS: Mapping[Task, FileName] = {"talk": "sound", "dance": "video"}


async def _lasting_seconds(wish: Wish, run: "Run") -> float | None:
    """Return how long what is made will be, where that is the length of a file that it is made of."""
    from ..base.media import examine

    name = _LASTS_AS.get(wish.task)
    if name is None or not (files := wish.files.get(name)):
        return None
    return (await run.decode(examine, run.path(files[0]), run.name(files[0]))).seconds


def units_of(role: str, wish: Wish, lasting_seconds: float | None = None) -> dict[str, float]:
    """Return what an order uses, as providers charge for it.

    Args:
        role: Of the maker.
        wish: As the model takes it.
        lasting_seconds: How long what is made will be, where no length is ordered.
    """
    units = {"calls": 1.0}
    values = wish.values
    if role == "draw" and wish.task != "describe":
        units["pictures"] = float(values.get("count", 1))
    seconds = values.get("seconds", lasting_seconds)
    if isinstance(seconds, int | float):
        units |= {"film": {"video_seconds": float(seconds)}, "play": {"audio_minutes": seconds / 60}}.get(role, {})
    if text := values.get("text"):
        units["characters"] = float(len(str(text)))
    return units
