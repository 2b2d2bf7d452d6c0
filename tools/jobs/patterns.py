"""Regular expressions out of provider files, matched in time that grows with the text alone.

They may be anybody's. Python's own engine can take hours for one line with such as `(a+)+b`; that of Pydantic, in Rust,
cannot, and has neither looks ahead and behind nor references back.
"""

from functools import cache

from pydantic_core import SchemaError, SchemaValidator, core_schema


@cache
def pattern(text: str) -> SchemaValidator:
    """Return what finds a regular expression anywhere in a text, by its `isinstance_python`.

    Raises:
        ValueError: It is none, or not one of this engine.
    """
    try:
        return SchemaValidator(core_schema.str_schema(pattern=text, regex_engine="rust-regex"))
    except SchemaError as error:
        # The parts before are what was being built, and the expression with a mark under it.
        raise ValueError(str(error).partition("SchemaError: ")[2].rpartition("error: ")[2]) from None
