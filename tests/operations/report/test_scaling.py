import re
from itertools import pairwise

import pytest

from operations.report import drawings, scaling
from operations.report.events import read_report
from operations.report.scaling import Curve
from tests.operations.report.samples import MODEL, autoscaler, deployment, step

CURVE = Curve(stage="gateway", load="cpu", threshold=0.65, least=2, most=6)
KEDA = "kubernetes:keda.sh/v1alpha1:ScaledObject"


@pytest.mark.parametrize(
    ("load", "replicas"),
    [(0, 2), (1.3, 2), (1.31, 3), (1.95, 3), (3.9, 6), (100, 6)],
)
def test_replicas_follow_load_within_their_bounds(load: float, replicas: int) -> None:
    assert CURVE.replicas(load) == replicas


def test_the_words_say_what_the_picture_shows() -> None:
    assert CURVE.words == (
        "gateway: 2 replicas up to 1.3, then one for each 0.65, 6 from 3.9 on (cpu)"
    )


def test_a_stage_that_scales_to_zero_says_so() -> None:
    curve = Curve(stage="chat", load="waiting", threshold=6, least=0, most=4)
    assert curve.replicas(0) == 0
    assert curve.words == "chat: none without load, one for each 6, 4 from 24 on (waiting)"


def test_a_stage_without_a_scaler_is_a_flat_line() -> None:
    (curve,) = read_report([deployment(MODEL, "chat", 2)]).curves
    assert (curve.threshold, curve.replicas(1e9)) == (None, 2)
    assert curve.words == "chat: 2 replicas at any load"


def test_a_scaled_stage_has_one_curve_only() -> None:
    events = [deployment(MODEL, "chat", 2), autoscaler("chat", 2, 5, percent=50)]
    (curve,) = read_report(events).curves
    assert (curve.least, curve.most, curve.threshold) == (2, 5, 0.5)


def test_a_queue_s_trigger_is_a_curve_of_its_own() -> None:
    spec = {
        "minReplicaCount": 1,
        "maxReplicaCount": 8,
        "scaleTargetRef": {"name": "chat"},
        "triggers": [
            {"type": "prometheus", "name": "waiting", "metadata": {"threshold": "4"}},
            {"type": "prometheus", "metricType": "Value", "metadata": {"threshold": "0.7"}},
            {"type": "cron", "metadata": {}},
        ],
    }
    (curve,) = read_report([step(KEDA, "chat", {"spec": spec})]).curves
    assert (curve.stage, curve.load, curve.replicas(9)) == ("chat", "waiting", 3)


def test_bounds_that_are_not_known_yet_make_no_curve() -> None:
    event = autoscaler("chat", 1, 2)
    spec = event["resourcePreEvent"]["metadata"]["new"]["inputs"]["spec"]
    spec["maxReplicas"] = "3eeb2bf0-c639-47a8-9e75-3b44932eb421"
    assert read_report([event]).curves == []


def test_nothing_scales_nothing() -> None:
    assert scaling.read({}) == []


def test_the_line_steps_and_never_slopes() -> None:
    """Between two points either the load or the replicas stay."""
    for curve in (CURVE, Curve(stage="chat", load="waiting", threshold=6, least=0, most=4)):
        points = re.search(r'points="([^"]+)" class="step"', drawings.curve(curve))
        assert points
        places = [tuple(map(float, point.split(","))) for point in points.group(1).split()]
        for (left, low), (right, high) in pairwise(places):
            assert left == right or low == high
