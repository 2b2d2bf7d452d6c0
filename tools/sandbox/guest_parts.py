"""What a guest lends to matplotlib and to threads of earlier calls."""

from _thread import get_ident
from collections.abc import Callable, Iterable, Set
from types import ModuleType
from typing import Any

BACKEND = "sensorium_figures"
EASTERN = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Microsoft YaHei",
    "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Noto Sans CJK JP", "Noto Serif CJK SC",
)  # fmt: skip
"""Fonts that have Chinese, Japanese and Korean letters, which that of matplotlib has not; best looking first."""
_BACKGROUND_PIECES, _BACKGROUND_CHARS = 256, 128


class Sorting:
    """A stream that keeps apart what threads of earlier calls write."""

    def __init__(self, stream: Any, earlier: Set[int], background: list[str]) -> None:
        self._stream = stream
        self._earlier = earlier
        self._background = background

    def write(self, text: str) -> int:
        """Write where it belongs."""
        if get_ident() not in self._earlier:
            return int(self._stream.write(text))
        if len(self._background) < _BACKGROUND_PIECES:
            self._background.append(str(text)[:_BACKGROUND_CHARS])
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each."""
        for one in lines:
            self.write(one)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class FiguresBackend(ModuleType):
    """A backend of matplotlib, made when it is asked for, whose `show` writes files."""

    def __init__(self, save_all: Callable[[], None]) -> None:
        super().__init__(BACKEND)
        self.save_all = save_all

    def __getattr__(self, name: str) -> Any:
        if name != "FigureCanvas":
            raise AttributeError(name)
        from matplotlib.backend_bases import FigureManagerBase
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        save_all = self.save_all

        class Manager(FigureManagerBase):
            @classmethod
            def pyplot_show(cls, *, block: bool | None = None) -> None:
                save_all()

            def show(self) -> None:
                """Do nothing: what is open is written when the call ends."""

        class Canvas(FigureCanvasAgg):
            manager_class = Manager
            was_saved = False

            def print_figure(self, *arguments: Any, **options: Any) -> Any:
                self.was_saved = True
                return super().print_figure(*arguments, **options)

        _add_eastern_font()
        self.FigureCanvas = Canvas
        self.FigureManager = Manager
        return Canvas


def _add_eastern_font() -> None:
    """Let matplotlib draw in an eastern font, where there is one, what its own does not have."""
    from matplotlib import rcParams
    from matplotlib.font_manager import fontManager

    here = {one.name for one in fontManager.ttflist}
    if found := next((name for name in EASTERN if name in here), None):
        rcParams["font.family"] = [*rcParams["font.family"], found]
