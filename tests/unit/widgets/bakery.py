"""A model that has nothing to do with containers: what the form takes of a model must not depend on which it is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")


class Topping(Model):
    name: str
    grams: Annotated[int, Field(ge=1, le=500, description="How much.", json_schema_extra={"unit": "g"})] = 20


class Layer(Model):
    flavour: Annotated[str, Field(description="What it tastes of.")]
    height: float = 1.5
    on_top: Layer | None = None


class Candle(Model):
    kind: Literal["candle"] = "candle"
    count: int


class Figure(Model):
    kind: Literal["figure"] = "figure"
    of: str
    standing: bool = True


class Step(Model):
    what: str
    minutes: int
    tools: list[str] = []


class Cake(Model):
    name: Annotated[str, Field(min_length=1, max_length=20, description="What it is called.")]
    size: Annotated[Literal["small", "large"] | None, Field(description="How many it feeds.")] = None
    price: Annotated[float | None, Field(ge=0)] = None
    gluten_free: bool = False
    baked: date | None = None
    serves: int | str | None = None
    toppings: list[Topping] = []
    steps: list[Step] = []
    tags: list[str] = []
    notes: dict[str, str] = {}
    shelves: dict[str, Layer] = {}
    layer: Layer
    decoration: Candle | Figure | None = None
    order: str | list[str] | None = None
