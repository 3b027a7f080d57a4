"""What the serving engines tell about themselves; each replica is asked on its own.

`workload` is the pods' name label, which the pod monitors put on every series.
"""

from __future__ import annotations

from typing import Final

from catalog.signals.record import Combine, Signal, Unit

VLLM: Final = "vllm"
SGLANG: Final = "sglang"
TEI: Final = "text-embeddings-inference"
TRITON: Final = "triton"

_VLLM: Final = "https://docs.vllm.ai/en/v0.18.0/usage/metrics/"
_SGLANG: Final = "https://docs.sglang.ai/references/production_metrics.html"
_TEI: Final = (
    "https://github.com/huggingface/text-embeddings-inference/blob/v1.8.2/router/src/prometheus.rs"
)
_TRITON: Final = "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html"
_OF: Final = 'namespace="$namespace",workload="$workload"'

# vLLM's bucket ends, seconds: an objective for the first token has to be one of them.
FIRST_TOKEN_BUCKETS: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0),
    *(7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)


def _quantile(histogram: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({histogram}_bucket{{{_OF}}}[$window])))"


def _load(exposed_by: str, source: str, running: str, waiting: str) -> Signal:
    return Signal(
        name=f"{exposed_by}-load",
        meaning="requests that the engine works on and that wait in it, over all replicas",
        source=source,
        exposed_by=exposed_by,
        promql=f"sum({running}{{{_OF}}}) + sum({waiting}{{{_OF}}})",
        unit=Unit.REQUESTS,
        combine=Combine.ADDITIVE,
    )


def _waiting(exposed_by: str, source: str, waiting: str) -> Signal:
    return Signal(
        name=f"{exposed_by}-waiting",
        meaning="requests that wait in the engine for a place in a batch, over all replicas",
        source=source,
        exposed_by=exposed_by,
        promql=f"sum({waiting}{{{_OF}}})",
        unit=Unit.REQUESTS,
        combine=Combine.ADDITIVE,
        warning=50,
    )


def _cache(exposed_by: str, source: str, name: str, since: str | None = None) -> Signal:
    return Signal(
        name=f"{exposed_by}-kv-cache",
        meaning="share of the KV cache in use, mean over the replicas",
        source=source,
        exposed_by=exposed_by,
        since=since,
        promql=f"avg({name}{{{_OF}}})",
        unit=Unit.RATIO,
        combine=Combine.AVERAGE,
        bound=1,
        warning=0.90,
        critical=0.95,
    )


def _latency(
    exposed_by: str, source: str, what: str, histogram: str, meaning: str, since: str | None = None
) -> Signal:
    return Signal(
        name=f"{exposed_by}-{what}",
        meaning=f"{meaning}: 95 of 100 take at most this",
        source=source,
        exposed_by=exposed_by,
        since=since,
        promql=_quantile(histogram),
        unit=Unit.SECONDS,
        combine=Combine.STATE,
    )


def _tokens(exposed_by: str, source: str, what: str, counter: str) -> Signal:
    return Signal(
        name=f"{exposed_by}-{what}-tokens",
        meaning=f"{what} tokens a second over all replicas",
        source=source,
        exposed_by=exposed_by,
        promql=f"sum(rate({counter}{{{_OF}}}[$window]))",
        unit=Unit.TOKENS_PER_SECOND,
        combine=Combine.ADDITIVE,
    )


VLLM_LOAD: Final = _load(VLLM, _VLLM, "vllm:num_requests_running", "vllm:num_requests_waiting")
VLLM_WAITING: Final = _waiting(VLLM, _VLLM, "vllm:num_requests_waiting")
# Called vllm:gpu_cache_usage_perc before; see catalog/exposed.py.
VLLM_KV_CACHE: Final = _cache(VLLM, _VLLM, "vllm:kv_cache_usage_perc", since="0.9.1")
VLLM_PREEMPTIONS: Final = Signal(
    name="vllm-preemptions",
    meaning="requests a second that lost their place in the KV cache and start again",
    source=_VLLM,
    exposed_by=VLLM,
    promql=f"sum(rate(vllm:num_preemptions_total{{{_OF}}}[$window]))",
    unit=Unit.PER_SECOND,
    combine=Combine.STATE,
    warning=1,
)
VLLM_SLOW: Final = Signal(
    name="vllm-slow-first-token",
    meaning="share of the requests whose first token took longer than the limit",
    source=_VLLM,
    exposed_by=VLLM,
    promql=f'1 - sum(rate(vllm:time_to_first_token_seconds_bucket{{{_OF},le=~"$bucket"}}[$window]))'
    f" / (sum(rate(vllm:time_to_first_token_seconds_count{{{_OF}}}[$window])) > 0)",
    unit=Unit.RATIO,
    combine=Combine.STATE,
    bound=1,
    limits=FIRST_TOKEN_BUCKETS,
)
SGLANG_LOAD: Final = _load(SGLANG, _SGLANG, "sglang:num_running_reqs", "sglang:num_queue_reqs")
SGLANG_KV_CACHE: Final = _cache(SGLANG, _SGLANG, "sglang:token_usage")
# TEI makes a series with the first request that touches it: no series is no outage.
TEI_WAITING: Final = _waiting(TEI, _TEI, "te_queue_size")
TRITON_WAITING: Final = _waiting(TRITON, _TRITON, "nv_inference_pending_request_count")

SIGNALS: Final = (
    VLLM_LOAD,
    VLLM_WAITING,
    VLLM_KV_CACHE,
    _latency(
        VLLM, _VLLM, "first-token", "vllm:time_to_first_token_seconds", "wait for the first token"
    ),
    _latency(
        *(VLLM, _VLLM, "between-tokens", "vllm:inter_token_latency_seconds"),
        "wait between two tokens",
        since="0.11.0",
    ),
    _latency(
        VLLM, _VLLM, "answer", "vllm:e2e_request_latency_seconds", "time for the whole answer"
    ),
    _tokens(VLLM, _VLLM, "prompt", "vllm:prompt_tokens_total"),
    _tokens(VLLM, _VLLM, "generated", "vllm:generation_tokens_total"),
    VLLM_PREEMPTIONS,
    VLLM_SLOW,
    SGLANG_LOAD,
    _waiting(SGLANG, _SGLANG, "sglang:num_queue_reqs"),
    SGLANG_KV_CACHE,
    _latency(
        *(SGLANG, _SGLANG, "first-token", "sglang:time_to_first_token_seconds"),
        "wait for the first token",
    ),
    _latency(
        *(SGLANG, _SGLANG, "between-tokens", "sglang:inter_token_latency_seconds"),
        "wait between two tokens",
    ),
    _latency(
        *(SGLANG, _SGLANG, "answer", "sglang:e2e_request_latency_seconds"),
        "time for the whole answer",
    ),
    _tokens(SGLANG, _SGLANG, "prompt", "sglang:prompt_tokens_total"),
    _tokens(SGLANG, _SGLANG, "generated", "sglang:generation_tokens_total"),
    TEI_WAITING,
    _latency(TEI, _TEI, "answer", "te_request_duration", "time for the whole answer"),
    TRITON_WAITING,
)
