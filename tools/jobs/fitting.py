"""Fits a wish to what an operation takes: bends what can be bent, with a note, and refuses all else for free."""

from collections.abc import Iterator, Mapping

from ..base.errors import ArgumentError
from ..base.makers import FILES, Fitted, Value, ValueName, Wish
from .by_name import operations_of
from .shapes import JobApi, Operation, Scalar, Take
from .sizes import NAMES as SIZES
from .sizes import fit_size

SOFT = frozenset(
    {"seed", "negative_prompt", "style", "emotion", "quality", "frames_per_second", "language", "title"}
    | {"beats_per_minute"}
)
"""What a thing can be made without; that it was left out is noted."""
USUAL: Mapping[str, Value] = {"count": 1, "speed": 1.0, "with_sound": False, "instrumental": False}
"""What is so by itself, where a model cannot be told."""
_UNITS = {"seconds": " s", "width_pixels": " px", "height_pixels": " px", "strength": "", "count": ""}


def choose(api: JobApi, model: str, role: str, wish: Wish) -> tuple[Operation, Fitted]:
    """Return the operation that makes a wish, and the wish as it takes it.

    Raises:
        ArgumentError: None does; the message names the limit of the nearest, and what to ask for instead.
    """
    fitting = [one for one in operations_of(api, model, role) if one.task == wish.task]
    if not fitting:
        can = ", ".join(dict.fromkeys(one.task for one in operations_of(api, model, role))) or "nothing in this role"
        raise ArgumentError(f"`{api.name}:{model}` cannot do `{wish.task}`. It can do: {can}.")
    refused: list[ArgumentError] = []
    for operation in fitting:
        try:
            return operation, fit(operation, wish, f"{api.name}:{model}")
        except ArgumentError as error:
            refused.append(error)
    raise refused[0]


def fit(operation: Operation, wish: Wish, who: str) -> Fitted:
    """Return a wish as an operation takes it.

    Raises:
        ArgumentError: It cannot be had.
    """
    notes: list[str] = []
    values: dict[ValueName, Value] = {}
    for name, value in wish.values.items():
        if name in SIZES:
            continue
        if name not in operation.takes:
            notes += _left_out(name, value, who)
            continue
        values[name], note = _fitted(name, value, operation.takes[name], who)
        notes += note
    sized, said = fit_size(
        {str(name): value for name, value in wish.values.items()}, operation.takes, operation.defaults
    )
    values |= sized  # type: ignore[arg-type]
    notes += said
    values |= {name: value for name, value in operation.defaults.items() if name not in values and name != "callback"}  # type: ignore[misc]
    _check_files(operation, wish, who)
    for known, take in operation.takes.items():
        if take.needed and known not in values and not wish.files.get(known):  # type: ignore[call-overload]
            raise ArgumentError(f"`{who}` needs `{known}` for `{wish.task}`. Give it.")
    return Fitted(wish=Wish(task=wish.task, values=values, files=wish.files), notes=tuple(notes))


def _left_out(name: str, value: Value, who: str) -> Iterator[str]:
    if USUAL.get(name) == value:
        return
    if name not in SOFT:
        raise ArgumentError(f"`{who}` takes no `{name}`, and it is {value!r}. Leave it out, or choose another model.")
    yield f"`{who}` takes no `{name}`; it was left out."


def _fitted(name: str, value: Value, take: Take, who: str) -> tuple[Value, list[str]]:
    if isinstance(value, str):
        return _text(name, value, take, who), []
    if isinstance(value, bool):
        if take.of and value not in take.of:
            raise ArgumentError(f"`{who}` takes only {_choices(take)} as `{name}`, not {str(value).lower()}.")
        return value, []
    return _number(name, value, take, who)


def _text(name: str, value: str, take: Take, who: str) -> Value:
    if take.span.most is not None and len(value) > take.span.most:
        raise ArgumentError(
            f"`{who}` takes at most {take.span.most:,.0f} characters as `{name}`, and this has {len(value):,}. "
            "Say it in fewer words. Nothing was sent."
        )
    if take.span.least is not None and len(value.strip()) < take.span.least:
        raise ArgumentError(
            f"`{who}` wants at least {take.span.least:,.0f} characters as `{name}`, and this has {len(value.strip())}. "
            "Nothing was sent."
        )
    if not take.of:
        return value
    same = next((one for one in take.of if str(one).lower() == value.lower()), None)
    if same is None:
        raise ArgumentError(f"`{who}` knows no `{name}` {value!r}. It takes: {_choices(take)}. Nothing was sent.")
    return same


def _number(name: str, value: float, take: Take, who: str) -> tuple[Value, list[str]]:
    numbers = sorted(float(one) for one in take.of if isinstance(one, int | float) and not isinstance(one, bool))
    least = numbers[0] if numbers else take.span.least
    most = numbers[-1] if numbers else take.span.most
    unit = _UNITS.get(name, "")
    # A film that is longer than it was asked to be can be cut; one that cannot be as long is another film.
    is_short = name == "seconds" and least is not None and value < least
    if (most is not None and value > most) or (least is not None and value < least and not is_short):
        taken = _choices(take) if numbers else f"{_bound(least, 'from ')}{_bound(most, ' to ')}".strip()
        raise ArgumentError(
            f"`{who}` takes {taken}{unit} as `{name}`, and {value:g}{unit} was asked for. Nothing was sent."
        )
    near: float = value
    if numbers:
        near = min(numbers, key=lambda one: (abs(one - value), -one))
    elif is_short and least is not None:
        near = least
    if take.span.step and not numbers:
        start = take.span.least or 0.0
        near = start + round((near - start) / take.span.step) * take.span.step
        near = min(near, most) if most is not None else near
    exact = next((one for one in take.of if one == near), int(near) if isinstance(value, int) else near)
    if abs(near - value) < 1e-6:
        return exact, []
    return exact, [f"{value:g}{unit} was asked for as `{name}`; the nearest that can be had is {near:g}{unit}."]


def _check_files(operation: Operation, wish: Wish, who: str) -> None:
    for name, handles in wish.files.items():
        if not handles:
            continue
        if (take := operation.takes.get(name)) is None:
            files = ", ".join(f"`{one}`" for one in operation.takes if one in FILES) or "no files"
            raise ArgumentError(f"`{who}` takes no `{name}` for `{wish.task}`. It takes: {files}. Nothing was sent.")
        most = take.span.most or (float("inf") if name == "pictures" else 1)
        if not (take.span.least or 0) <= len(handles) <= most:
            limit = f"at most {most:g}" if len(handles) > most else f"at least {take.span.least:g}"
            raise ArgumentError(f"`{who}` takes {limit} as `{name}`, and there are {len(handles)}. Nothing was sent.")


def _bound(number: float | None, before: str) -> str:
    return "" if number is None else f"{before}{number:g}"


def _choices(take: Take) -> str:
    return ", ".join(_shown(one) for one in take.of)


def _shown(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
