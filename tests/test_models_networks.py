"""What holds for every registered network; a new one joins by being registered."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name every torch program gives it)

from musaic.config import Config
from musaic.errors import UsageError
from musaic.models.inputs import InputError
from musaic.models.vae.networks import NETWORKS, MlpConfig, Network, NetworkConfig, build_decoder, build_encoder, parse
from musaic.models.vae.networks.base import Dropout, Encoder, with_extra
from musaic.models.vae.networks.convolution import halvings
from musaic.models.vae.networks.registry import Entry

NAMES = sorted(NETWORKS)
CONVOLUTIONAL = [name for name in NAMES if name != "mlp"]
SMALL: dict[str, dict[str, Any]] = {"mlp": {"widths": [12, 8]}, "conv1d": {"filters": [8, 12]}}
NORMS = ["none", "batch", "layer"]


def small(name: str, **options: Any) -> NetworkConfig:
    sizes = (
        SMALL.get(name, {"filters": [4, 6]}) if name == "mlp" else {"head": [8], **SMALL.get(name, {"filters": [4, 6]})}
    )
    return parse({"kind": name, **sizes, **options})


def pair(
    config: NetworkConfig, shape: tuple[int, ...], n_extra: int = 0, n_latent: int = 3, seed: int = 0
) -> nn.ModuleDict:
    torch.manual_seed(seed)
    return nn.ModuleDict(
        {"encoder": build_encoder(config, shape, n_extra), "decoder": build_decoder(config, n_latent, shape)}
    )


@st.composite
def configs(draw: st.DrawFn) -> NetworkConfig:
    name = draw(st.sampled_from(NAMES))
    sizes = st.lists(st.integers(3, 9), max_size=3)
    options: dict[str, Any] = {"norm": draw(st.sampled_from(NORMS)), "dropout": draw(st.sampled_from([0.0, 0.4]))}
    if name == "mlp":
        return parse({"kind": name, "widths": draw(sizes), **options})
    options |= {
        "filters": draw(st.lists(st.integers(3, 9), min_size=1, max_size=5)),
        "head": draw(sizes),
        "kernel": draw(st.sampled_from([3, 5, 7])),
        "downsample": draw(st.sampled_from(["stride", "max-pool"])),
        "max_flat": draw(st.sampled_from([1, 20, 4096])),
    }
    return parse({"kind": name, **options})


@given(configs(), st.integers(1, 23), st.integers(1, 23), st.integers(0, 3), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_any_size_goes_in_and_exactly_that_comes_out(
    config: NetworkConfig, frames: int, bands: int, n_extra: int, n_latent: int
) -> None:
    networks = pair(config, (frames, bands), n_extra, n_latent)
    extra = torch.randn(5, n_extra) if n_extra else None
    hidden = networks["encoder"](torch.randn(5, frames, bands), extra)
    assert hidden.shape == (5, networks["encoder"].width)
    back = networks["decoder"](torch.randn(5, n_latent))
    assert back.shape == (5, frames, bands)
    assert torch.isfinite(hidden).all()
    assert torch.isfinite(back).all()
    networks.eval()
    assert networks["encoder"](torch.randn(1, frames, bands), None if extra is None else extra[:1]).shape[0] == 1


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 14))
@settings(max_examples=50, deadline=None)
def test_sides_are_halved_until_they_are_one(height: int, width: int, n_stages: int) -> None:
    ways = halvings((height, width), n_stages, 3)
    assert ways[-1].after == tuple(-(-side // 2**n_stages) for side in (height, width))
    assert all(set(way.missing) <= {0, 1} for way in ways)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_spectrogram_fits(name: str) -> None:
    networks = pair(parse(name), (1293, 20)).eval()
    with torch.no_grad():
        assert networks["encoder"](torch.randn(1, 1293, 20)).shape == (1, 128)
        assert networks["decoder"](torch.randn(1, 3)).shape == (1, 1293, 20)


@pytest.mark.parametrize("shape", [(9,), (3, 4), (2, 3, 4)])
def test_an_mlp_takes_any_shape_and_may_be_linear(shape: tuple[int, ...]) -> None:
    networks = pair(MlpConfig(widths=()), shape, n_extra=2)
    x, extra = torch.randn(4, *shape), torch.randn(4, 2)
    assert torch.equal(networks["encoder"](x, extra), torch.cat([x.flatten(1), extra], dim=1))
    a, b = torch.randn(2, 1, 3)
    decoder = networks["decoder"]
    torch.testing.assert_close(decoder(a + b) + decoder(0 * a), decoder(a) + decoder(b))
    assert decoder(a).shape == (1, *shape)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_vectors_are_refused_in_one_sentence(name: str) -> None:
    config = parse(name)
    for build in (lambda: build_encoder(config, (52,)), lambda: build_decoder(config, 4, (52,))):
        with pytest.raises(
            InputError, match=rf"'{name}' network needs crops .*\(52,\); vectors are for .*'mlp'"
        ) as error:
            build()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("options", [{}, {"downsample": "max-pool", "max_flat": 12}])
def test_gradients_reach_every_parameter(name: str, norm: str, options: dict[str, Any]) -> None:
    networks = pair(small(name, norm=norm, dropout=0.0, **(options if name != "mlp" else {})), (11, 6), n_extra=2)
    # odd powers: the sum of a normalised layer itself is constant
    (networks["encoder"](torch.randn(7, 11, 6), torch.randn(7, 2)) ** 3).sum().backward()
    (networks["decoder"](torch.randn(7, 3)) ** 3).sum().backward()
    for key, parameter in networks.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().max() > 1e-9, key


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", NORMS)
def test_in_eval_a_track_is_encoded_alone(name: str, norm: str) -> None:
    networks = pair(small(name, norm=norm), (13, 5))
    x, z = torch.randn(6, 13, 5), torch.randn(6, 3)
    networks["encoder"](x), networks["decoder"](z)  # running statistics are no longer those of the beginning
    networks.eval()
    for network, rows in ((networks["encoder"], x), (networks["decoder"], z)):
        assert torch.equal(network(rows), network(rows))
        torch.testing.assert_close(network(rows)[2:3], network(rows[2:3]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_extra_inputs_tell(name: str) -> None:
    encoder = pair(small(name), (13, 5), n_extra=2)["encoder"].eval()
    x = torch.randn(6, 13, 5)
    assert not torch.equal(encoder(x, torch.zeros(6, 2)), encoder(x, torch.ones(6, 2)))


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bytes(name: str) -> None:
    def gradients(seed: int) -> list[bytes]:
        networks = pair(small(name, dropout=0.5), (13, 5), seed=seed)
        z = networks["encoder"](torch.randn(6, 13, 5))[:, :3]
        networks["decoder"](z).square().sum().backward()
        return [parameter.grad.numpy().tobytes() for parameter in networks.parameters()]  # type: ignore[union-attr]

    assert gradients(1) == gradients(1) != gradients(2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", NORMS)
def test_half_precision_says_nearly_the_same(name: str, norm: str) -> None:
    options = {} if name == "mlp" else {"downsample": "max-pool" if norm == "none" else "stride", "max_flat": 20}
    networks = pair(small(name, norm=norm, **options), (13, 5), n_extra=2)
    x, extra, z = torch.randn(6, 13, 5), torch.randn(6, 2), torch.randn(6, 3)

    def both(*inputs: Tensor) -> tuple[Tensor, Tensor]:
        return networks["encoder"](*inputs[:2]), networks["decoder"](inputs[2])

    with torch.autocast("cpu", torch.bfloat16):
        sum(out.float().square().mean() for out in both(x, extra, z)).backward()  # type: ignore[union-attr]
    assert all(torch.isfinite(parameter.grad).all() for parameter in networks.parameters())  # type: ignore[arg-type]
    networks.eval()
    with torch.no_grad():
        exact = both(x, extra, z)
        with torch.autocast("cpu", torch.bfloat16):
            rough = both(x, extra, z)
        networks.half()
        half = both(x.half(), extra.half(), z.half())
    for a, b, c in zip(exact, rough, half, strict=True):
        torch.testing.assert_close(b.float(), a, rtol=0.05, atol=0.05)
        torch.testing.assert_close(c.float(), a, rtol=0.01, atol=0.01)
        assert c.dtype == torch.float16


@pytest.mark.parametrize("name", NAMES)
def test_four_tracks_can_be_learned_by_heart(name: str) -> None:
    sizes = {} if name == "mlp" else {"filters": [8, 12], "head": [16]}
    networks = pair(small(name, dropout=0.0, norm="layer", **sizes), (6, 5), n_latent=8)
    x = torch.randn(4, 6, 5)
    optimizer = torch.optim.Adam(networks.parameters(), lr=0.02)
    losses = []
    for _ in range(80):
        loss = (networks["decoder"](networks["encoder"](x)[:, :8]) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10


def test_time_is_the_same_everywhere_and_bands_are_not() -> None:
    """Far from the ends, a later crop gives later maps: a sequence is convolved over time alone."""
    config = parse({"kind": "conv1d", "filters": [6], "kernel": 3, "head": [], "norm": "none"})
    encoder = pair(config, (16, 4))["encoder"]
    song = torch.randn(1, 18, 4)
    early, late = (encoder(song[:, start : start + 16]).reshape(8, 6) for start in (0, 2))
    torch.testing.assert_close(early[2:], late[1:-1])
    flipped = encoder(song[:, :16].flip(2)).reshape(8, 6)
    assert not torch.allclose(early, flipped)


def test_a_sequence_is_convolved_as_torch_convolves_sequences() -> None:
    config = parse({"kind": "conv1d", "filters": [6], "kernel": 5, "head": [], "norm": "none"})
    networks = pair(config, (17, 4), n_latent=54)
    x, z = torch.randn(3, 17, 4), torch.randn(3, 54)
    layer = networks["encoder"].maps[0]
    maps = F.silu(F.conv1d(x.transpose(1, 2), layer.weight.squeeze(3), layer.bias, stride=2, padding=2))
    torch.testing.assert_close(networks["encoder"](x), maps.transpose(1, 2).flatten(1))
    layer = networks["decoder"].maps[-1]
    maps = F.silu(networks["decoder"].flat(z)).reshape(3, 9, 6).transpose(1, 2)
    back = F.conv_transpose1d(maps, layer.weight.squeeze(3), layer.bias, stride=2, padding=2)
    torch.testing.assert_close(networks["decoder"](z), back.transpose(1, 2))


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_channels_stay_last_in_memory(name: str) -> None:
    networks = pair(small(name), (13, 6))
    for layer in networks.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(
                lambda _layer, _given, maps: seen.append(maps.is_contiguous(memory_format=torch.channels_last))
            )
    seen: list[bool] = []
    networks["encoder"](torch.randn(3, 13, 6))
    networks["decoder"](torch.randn(3, 3))
    assert seen
    assert all(seen)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_no_layer_explodes_with_the_size_of_the_crop(name: str) -> None:
    """From 128 x 128 to four times as many frames, the dense head reads no more numbers."""
    counts = [
        sum(parameter.numel() for parameter in pair(parse(name), (frames, 128)).parameters()) for frames in (128, 512)
    ]
    assert counts[1] < 1.1 * counts[0] < 3e6


@pytest.mark.parametrize("name", NAMES)
def test_configurations_round_trip_and_are_closed(name: str) -> None:
    class Holder(Config):
        network: Network = MlpConfig()

    config = parse(name)
    assert parse(json.loads(json.dumps(config.plain()))) == config
    assert type(config) is NETWORKS[name].config
    holder = Holder.parse({"network": name})
    assert holder.network == config
    assert Holder.parse(json.loads(json.dumps(holder.plain()))) == holder
    with pytest.raises(UsageError, match="did you mean 'dropout'"):
        parse({"kind": name, "droput": 0.1})
    with pytest.raises(UsageError, match="dropout"):
        Holder.parse({"network": {"kind": name, "dropout": 1.0}})


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("conv2", "unknown network 'conv2', did you mean 'conv2d'"),
        ({"widths": [0]}, "widths must be whole numbers from 1"),
        ({"kind": "conv2d", "filters": []}, "filters in the network is empty"),
        ({"kind": "conv1d", "filters": [-3]}, "filters must be whole numbers from 1"),
        ({"kind": "conv2d", "kernel": 4}, "kernel must be odd"),
        ({"kind": "conv1d", "kernel": 1}, "kernel in the network: input should be greater than or equal to 3"),
        ({"kind": "conv2d", "downsample": "average"}, "'stride' or 'max-pool'"),
        (3, "must be a kind"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(network: object, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        parse(network)
    assert "\n" not in str(error.value)


class MeanConfig(NetworkConfig):
    kind: Literal["mean"] = "mean"


class MeanEncoder(Encoder):
    """Means over time, as a network of somebody else's."""

    def __init__(self, config: MeanConfig, shape: tuple[int, ...], n_extra: int = 0) -> None:
        super().__init__()
        self.width = shape[1] + n_extra

    def forward(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        return with_extra(x.mean(dim=1), extra)


def test_a_network_joins_by_being_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="unknown network 'mean'"):
        parse("mean")
    monkeypatch.setitem(NETWORKS, "mean", Entry(MeanConfig, f"{__name__}:MeanEncoder", NETWORKS["mlp"].decoder))
    config = parse({"kind": "mean", "norm": "none"})
    assert isinstance(config, MeanConfig)
    assert build_encoder(config, (7, 3), 2)(torch.ones(4, 7, 3), torch.zeros(4, 2)).tolist() == [[1, 1, 1, 0, 0]] * 4


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.5, 0.99])
def test_dropout_silences_its_share_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    dropout = Dropout(p)
    x = torch.ones(1001, 307, requires_grad=True)
    y = dropout(x)
    assert (y == 0).float().mean().item() == pytest.approx(p, abs=0.006)
    assert y.mean().item() == pytest.approx(1.0, abs=0.05)
    assert len(y.unique()) <= 2
    y.sum().backward()
    assert torch.equal(x.grad, y)
    for axis in (0, 1):
        assert (y == 0).float().mean(dim=axis).std().item() < 0.04
    dropout.eval()
    assert torch.equal(dropout(x), x)


def test_every_bit_of_a_random_byte_is_used() -> None:
    """The bytes come eight at a time; none of the eight may be different from the others."""
    torch.manual_seed(0)
    kept = Dropout(0.5)(torch.ones(80_000)).reshape(-1, 8).mean(dim=0)
    assert kept.sub(1.0).abs().max().item() < 0.04
