import re

from catalog.engines import ENGINES, ENVOY, KSERVE_ROUTER
from catalog.models import MODELS

IMAGES = [one.image for one in (*ENGINES.values(), ENVOY, KSERVE_ROUTER)]


def test_every_image_names_its_registry_and_a_whole_version() -> None:
    assert all(re.fullmatch(r"[a-z.]+\.[a-z]+/.+:.*\d+\.\d+\.\d+", image) for image in IMAGES)


def test_every_model_s_engine_is_in_the_catalogue() -> None:
    assert all(ENGINES[model.engine.name] is model.engine for model in MODELS.values())


def test_every_engine_is_gone_within_the_spot_notice() -> None:
    # 15 s until everybody has forgotten the pod, the drain, 15 s of margin.
    assert all(15 + engine.drain_seconds + 15 < 120 for engine in ENGINES.values())
