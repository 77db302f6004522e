"""For the programs beside it: a call that has to be refused."""
from collections.abc import Callable

from hermetic import Failure, Result


def refused(result: Result, slug: str | None, function: Callable[..., object],
            *arguments: object, **named: object) -> Failure:
    """`slug` None: which reason it is matters to nobody."""
    try:
        function(*arguments, **named)
    except Failure as failure:
        assert failure.result is result, (failure.result, failure.slug, failure)
        assert slug in (None, failure.slug), (failure.slug, failure)
        return failure
    raise AssertionError(f"{result} was expected")
