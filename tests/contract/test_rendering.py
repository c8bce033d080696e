"""Long answers are made in slices, between which other requests have their turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from endsession.contract import rendering

ITEMS = [{"n": number} for number in range(5)]
CONTENT = {"status": 'a "quoted" ä', "items": ITEMS, "none": [], "next": None}


async def test_slices_are_the_same_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a member is a list or made on the way, the answer is the same to the byte."""
    whole = rendering.json_response(CONTENT, 201)
    made = CONTENT | {"items": iter(ITEMS), "none": iter(())}
    monkeypatch.setattr(rendering, "SLICE", 0.0)
    sliced = await rendering.json_in_slices(made, 201)
    assert (sliced.status_code, sliced.body) == (201, whole.body)
    assert sliced.headers == whole.headers
    assert json.loads(bytes(sliced.body)) == CONTENT


async def test_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a long answer is made, other tasks go on: after each slice, and not only at its end."""
    monkeypatch.setattr(rendering, "SLICE", -1.0)  # every item is a slice
    turns: list[str] = []

    async def other() -> None:
        for number in range(3):
            turns.append(f"other {number}")
            await asyncio.sleep(0)

    def items() -> Iterator[int]:
        for number in range(3):
            turns.append(f"item {number}")
            yield number

    task = asyncio.create_task(other())
    await rendering.json_in_slices({"items": items()})
    await task
    assert turns == ["item 0", "other 0", "item 1", "other 1", "item 2", "other 2"]
