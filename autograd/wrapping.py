"""A function with a switch on while it runs: also one that stops in between, a generator or a coroutine.

What runs while it is suspended is not its own, so the switch is turned on anew for every stretch.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any


def wrapped(function: Callable[..., Any], on: Callable[[], Any]) -> Callable[..., Any]:
    """The function with something on.

    Args:
        on: turns it on, for as long as what it gives is held.
    """
    if inspect.isasyncgenfunction(function):
        run: Callable[..., Any] = _async_generator(function, on)
    elif inspect.isgeneratorfunction(function):
        run = _generator(function, on)
    elif inspect.iscoroutinefunction(function):
        run = _coroutine(function, on)
    else:
        run = _plain(function, on)
    return functools.wraps(function)(run)


def _plain(function: Callable[..., Any], on: Callable[[], Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        held = on()
        try:
            return function(*args, **kwargs)
        finally:
            held.over = True

    return run


def _coroutine(function: Callable[..., Any], on: Callable[[], Any]) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> Any:
        held = on()  # in the task that runs it, and in no other
        try:
            return await function(*args, **kwargs)
        finally:
            held.over = True

    return run


def _generator(function: Callable[..., Any], on: Callable[[], Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = function(*args, **kwargs)
        step, given = inner.send, None
        while True:
            held = on()
            try:
                item = step(given)
            except StopIteration as stop:
                return stop.value
            finally:
                held.over = True
            try:
                step, given = inner.send, (yield item)
            except GeneratorExit:
                held = on()
                try:
                    inner.close()
                finally:
                    held.over = True
                raise
            except BaseException as error:
                step, given = inner.throw, error

    return run


def _async_generator(function: Callable[..., Any], on: Callable[[], Any]) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        inner = function(*args, **kwargs)
        step, given = inner.asend, None
        while True:
            held = on()
            try:
                item = await step(given)
            except StopAsyncIteration:
                return
            finally:
                held.over = True
            try:
                step, given = inner.asend, (yield item)
            except GeneratorExit:
                held = on()
                try:
                    await inner.aclose()
                finally:
                    held.over = True
                raise
            except BaseException as error:
                step, given = inner.athrow, error

    return run
