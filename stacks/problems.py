"""What is wrong with the settings, said so that the person who wrote them can mend it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from stacks.domain import SPOKEN

_ABSENT: Final = object()


@dataclass(frozen=True)
class Problem:
    """One wrong setting: where, what was found, what may stand there, what to do."""

    path: str
    got: Any
    allowed: str
    fix: str

    def __str__(self) -> str:
        lines = [self.path, *([] if self.got is _ABSENT else [f"    got      {_shown(self.got)}"])]
        return "\n".join([*lines, f"    allowed  {self.allowed}", f"    fix      {self.fix}"])


def missing(path: str, meaning: str) -> Problem:
    """Return the problem of a setting that has to be there and is not."""
    return Problem(path, _ABSENT, meaning, "It has no default: add it.")


def report(stack: str, problems: Sequence[Problem]) -> str:
    """Return the one message that lists every problem."""
    count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
    head = f"{count} wrong in stacks/Pulumi.{stack}.yaml; nothing was created or changed."
    return "\n\n".join([head, *(_indented(str(problem)) for problem in problems)])


def translate(section: str, model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Return pydantic's findings about one section in our words."""
    return [_problem(section, model, dict(detail)) for detail in error.errors()]


def _problem(section: str, model: type[BaseModel], detail: dict[str, Any]) -> Problem:
    location: tuple[str | int, ...] = detail["loc"]
    path = path_of(section, location)
    kind: str = detail["type"]
    if kind == "missing":
        return missing(path, _meaning(model, location))
    if kind == "extra_forbidden":
        return _unknown_key(path, model, location, detail["input"])
    if kind == SPOKEN:
        context: dict[str, str] = detail["ctx"]
        return Problem(path, detail["input"], context["allowed"], context["fix"])
    allowed = _allowed(detail["msg"])
    if kind == "string_type" and isinstance(detail["input"], int | float):
        return Problem(path, detail["input"], allowed, f'Put it in quotes: "{detail["input"]}".')
    fix = f"Correct it. Its meaning: {_meaning(model, location)}."
    return Problem(path, detail["input"], allowed, fix)


def path_of(section: str, location: Sequence[str | int]) -> str:
    """Return a setting's path as people write it: ballast:serving.models[0].name."""
    path = f"ballast:{section}"
    for part in location:
        # Names of a tagged union's members are pydantic's, not the user's.
        if part not in {"cpu", "requests", "queue", "gpu", "fixed", "[key]"}:
            path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path


def nearest(name: str, names: Sequence[str]) -> str:
    """Return what `name` may have been meant to be, as a sentence."""
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else "Choose one of them."


def _unknown_key(
    path: str, section: type[BaseModel], location: Sequence[str | int], got: Any
) -> Problem:
    models = _models_at(section, location[:-1])
    known = [field for model in models for field in model.model_fields]
    key = str(location[-1])
    return Problem(path, got, f"keys {', '.join(known)}", f"No such key. {nearest(key, known)}")


def _meaning(section: type[BaseModel], location: Sequence[str | int]) -> str:
    """Return the description of the innermost field that `location` lies in."""
    for end in range(len(location), 0, -1):
        for model in _models_at(section, location[: end - 1]):
            field = model.model_fields.get(str(location[end - 1]))
            if field is not None and field.description:
                return field.description
    return (section.__doc__ or "").strip().rstrip(".")


def _models_at(section: type[BaseModel], location: Sequence[str | int]) -> list[type[BaseModel]]:
    """Return the models that may stand at `location`: several for a tagged union."""
    models = [section]
    for part in location:
        tagged = [model for model in models if _tag(model) == part]
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        if tagged:
            models = tagged
        elif fields:
            models = _models_in(fields[0].annotation)
        # What is left are positions in lists and keys of maps: the model stays.
    return models


def _tag(model: type[BaseModel]) -> object:
    kind = model.model_fields.get("kind")
    choices: tuple[object, ...] = get_args(kind.annotation) if kind else ()
    return choices[0] if len(choices) == 1 else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found = [_models_in(argument) for argument in get_args(annotation)]
    return [model for models in found for model in models]


def _allowed(message: str) -> str:
    text = message.removeprefix("Input should be ").removeprefix("Input ")
    return text.removeprefix("Value error, ").rstrip(".")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
