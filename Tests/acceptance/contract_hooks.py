"""Bodies for schemathesis: small pictures where the contract says image."""

import os
from pathlib import Path

import schemathesis
from hypothesis import strategies as st

PICTURES = [file.read_bytes() for file in sorted(Path(os.environ["CONTRACT_PICTURES"]).iterdir())]
DEPTH = int(os.environ["CONTRACT_DEPTH"])
JPEGS = [picture for picture in PICTURES if picture[:2] == b"\xff\xd8"]
PNGS = [picture for picture in PICTURES if picture[:2] != b"\xff\xd8"]

schemathesis.openapi.media_type("image/jpeg", st.sampled_from(JPEGS))
schemathesis.openapi.media_type("image/png", st.sampled_from(PNGS))
schemathesis.openapi.media_type("application/octet-stream", st.sampled_from(PICTURES))


@schemathesis.deserializer("image/jpeg", "image/png")
def picture(context, response):
    """Any bytes fit the contract's schema, but an answer that is no picture does not."""
    if not response.content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise ValueError("neither JPEG nor PNG")
    return response.content.decode("latin-1")


def is_positive(case):
    return case.meta is None or case.meta.generation.mode.is_positive


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what schemathesis takes for wrong and is right, and the reverse.

    Forms among the cases that have to be refused: what violates a type in JSON, such as the text "70" for the number
    70, is the same and valid as a form's part. The other bodies carry enough invalid parameters.

    Forms among the valid cases that break what the contract says in words alone.
    """
    if not isinstance(case.body, dict):
        return True
    values = {**(case.query or {}), **case.body}
    return is_positive(case) and not (set(case.query or {}) & set(case.body)) and in_words(values) == values


@schemathesis.hook
def before_call(context, case, kwargs):
    """The same for queries, which come from a phase that knows no filters as well: they are mended."""
    if is_positive(case) and case.query and not isinstance(case.body, dict):
        mended = in_words(case.query)
        if mended != case.query:
            case.query = mended


def in_words(values):
    """What the contract says in words alone: numbers have no exponent, `exit` is no number beyond the model's
    sub-decoders, `tau` does not go with a number, and `after` is what a page of the caller's own jobs said."""
    values = dict(values)
    values.pop("after", None)
    if number(values.get("exit"), 64):
        values["exit"] = type(values["exit"])((int(float(values["exit"])) - 1) % DEPTH + 1)
        if isinstance(values["exit"], float):
            values["exit"] = int(values["exit"])
        values.pop("tau", None)
    for name, value in values.items():
        if number(value, 86_400) and "e" in str(value):
            values[name] = max(0.001, round(float(value), 3))
    return values


def number(value, most):
    try:
        return not isinstance(value, bool) and 0 <= float(value) <= most
    except (TypeError, ValueError):
        return False
