"""What users told of themselves and asked to be remembered."""

import time
from collections.abc import Mapping

from .errors import ArgumentError
from .library import Library
from .secrets import redact

MOST_LETTERS = 500


class UserFacts:
    """The facts of a library; only what a user asked to be remembered is ever written here."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def add(self, text: str) -> int:
        """Keep a fact and return its number; the same words are kept once.

        Raises:
            ArgumentError: It is too long.
        """
        text = redact(" ".join(text.split()))  # every request carries it to a model
        if len(text) > MOST_LETTERS:
            raise ArgumentError(
                f"What is to be remembered has {len(text):,} letters; {MOST_LETTERS} are the most, for every request "
                "carries it. Say it shorter."
            )
        for number, known in self.all().items():
            if known.casefold() == text.casefold():
                return number
        with self._library.transaction() as db:
            added = db.execute("INSERT INTO user_facts (text, created) VALUES (?,?)", (text, time.time()))
        assert added.lastrowid is not None
        return added.lastrowid

    def all(self) -> Mapping[int, str]:
        """Return the facts by number, the oldest first."""
        return dict(self._library.rows("SELECT number, text FROM user_facts ORDER BY number"))

    def delete(self, number: int) -> str:
        """Forget a fact and return what it was.

        Raises:
            ArgumentError: There is none of this number.
        """
        known = self.all()
        if number not in known:
            raise ArgumentError(f"There is no fact {number}. `sensorium facts` lists them.")
        with self._library.transaction() as db:
            db.execute("DELETE FROM user_facts WHERE number=?", (number,))
        return known[number]
