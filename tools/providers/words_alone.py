"""No meanings: where no model is set for them, texts are compared by their words."""

from ..base.settings import Settings


def provider(settings: Settings) -> "WordsAlone":
    return WordsAlone()


class WordsAlone:
    """Stands at the end of the ladder, and says that words are compared."""

    identity = "sensorium"

    def missing(self) -> str | None:
        return None
