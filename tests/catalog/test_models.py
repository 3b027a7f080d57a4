from dataclasses import replace

import pytest

from catalog import accelerators, models
from catalog.models import BERT_BASE_UNCASED, QWEN2_5_7B_INSTRUCT


def test_kv_cache_of_a_token_follows_the_published_shape() -> None:
    # 28 layers x 4 KV heads x 128 x 2 bytes, for key and for value: 56 KiB.
    assert QWEN2_5_7B_INSTRUCT.kv_bytes_per_token == 57_344


def test_weights_are_what_the_files_on_the_hub_weigh() -> None:
    # model.safetensors.index.json: total_size 15,231,233,024
    assert QWEN2_5_7B_INSTRUCT.weights_gib * models.GIB == pytest.approx(15_231_233_024, rel=1e-6)
    # model.safetensors of bert-base-uncased: 440 MB
    assert BERT_BASE_UNCASED.weights_gib * models.GIB == pytest.approx(440_449_768, rel=1e-3)


@pytest.mark.parametrize(
    ("shape", "tokens", "published_gib"),
    [
        # Table of KV cache sizes in https://huggingface.co/blog/llama31
        ({"layers": 32, "kv_heads": 8, "head_size": 128}, 128_000, 15.62),
        ({"layers": 80, "kv_heads": 8, "head_size": 128}, 128_000, 39.06),
        # vLLM's own log for Qwen3-235B-A22B on four GPUs, a head each: vllm-project/vllm#21348
        ({"layers": 94, "kv_heads": 1, "head_size": 128}, 178_880, 8.11),
    ],
    ids=["llama-3.1-8b", "llama-3.1-70b", "qwen3-235b-a22b"],
)
def test_the_cache_is_as_large_as_others_measured_it(
    shape: dict[str, int], tokens: int, published_gib: float
) -> None:
    model = replace(QWEN2_5_7B_INSTRUCT, **shape)
    found = model.kv_cache_gib(context_tokens=tokens, sequences=1)
    assert found == pytest.approx(published_gib, rel=0.02)


def test_the_cache_holds_as_many_tokens_as_fit_beside_weights_and_overhead() -> None:
    given = models.gpu_budget_gib(22_888)
    tokens = QWEN2_5_7B_INSTRUCT.cache_tokens(given)
    need = QWEN2_5_7B_INSTRUCT.gpu_need_gib(context_tokens=tokens, sequences=1)
    assert need <= given < need + 0.001
    assert QWEN2_5_7B_INSTRUCT.cache_tokens(10) == 0


def test_longer_contexts_and_more_sequences_need_more_memory() -> None:
    short = QWEN2_5_7B_INSTRUCT.gpu_need_gib(context_tokens=4096, sequences=8)
    assert QWEN2_5_7B_INSTRUCT.gpu_need_gib(context_tokens=8192, sequences=8) > short
    assert QWEN2_5_7B_INSTRUCT.gpu_need_gib(context_tokens=4096, sequences=16) > short


def test_a_gpu_class_gives_what_its_smallest_gpu_gives() -> None:
    assert accelerators.usable_mib(["g6.2xlarge", "g6e.2xlarge"]) == 22_888


def test_the_language_model_fits_24_gib_with_eight_long_requests() -> None:
    need = QWEN2_5_7B_INSTRUCT.gpu_need_gib(context_tokens=8192, sequences=8)
    assert need < models.gpu_budget_gib(22_888)


def test_limits_lie_above_the_peak_by_the_margin() -> None:
    for model in models.MODELS.values():
        assert model.host_limit_gib >= model.host_peak_gib * models.MARGIN


def test_the_cache_holds_the_weights() -> None:
    assert all(model.cache_gib > model.weights_gib for model in models.MODELS.values())
