"""Against the published vectors of the venue's `poseidon_crypto` library (as kept by nautilus_trader, May 2026)."""

import pytest

from hedge_strategy.simulator import poseidon2

PERMUTATIONS = (
    (
        "00" * 96,
        "1cc3145a75f1ab638273d45f3c163881281438ebb436917a2d451041d0f18795ca7f811cc77c1f93caf2106d784e214e"
        "3d8771783b38f401971e6e16c9117ee74447816c72023be61f3216e453db8e4457189af9b18f87c38da592bb4a29c073",
    ),
    (
        "fe01717a5f3a2f4b765b8525823b7022585ff1856494d559ea8325583fc8df17ab2b51cf6f0df22696d30ccf4c6bce66"
        "259b4b9f26aa560f314e48d07b5ba86992e20a89c332da2e3e4ca68f7d6cb8516c453a73c033d55cf0972c0baefc4022",
        "4f8abd3da369714a0087cdc62e2f76d42bb2701255420953441ac05b280d4f0c4895e836e26dd4ceb2d83eacf66b736b"
        "be2b9ede62123b1b03156c79b092bd8dfc45674d25ddb830fed257a0d41dfa3f34025805a53001693cd2c5840b3fc21f",
    ),
    (
        "8ebdd17186d7b35e3cfb8a28f47e590f300ceec1b49bca0b5d2448db3affa7f2573c5734c9e2ada7d27c510228d4c9df"
        "6a747150ba338b464ad4e8599c17deb17227bb250031fd4de80f11f7f907053e64316dfe798011fd2018fd665bd3ab6f",
        "dde45958aae2ec88e20362fcd6239b1b066e41df66b6e596094c88a6b82741ddec0be609092b7914b5bffd5a911bad44"
        "c62fc716d35e80a710713075300a58b93aa2ea20db64259027d1af8dad0b54b1b6f33a705ae9a4027c1bd1d62cc2a73d",
    ),
)

DIGESTS = (
    ("", "00" * 40),
    ("b5d4c7b096d66c52", "d7daa28defb7c6dbd1437bc4d0b70223fcd8cd54b142d7434a48b8e3016cff2f5367a7b886e92a62"),
    (
        "d3c2302b3769cf3261312cc2e771f255a8122e280c7c7a10303e2d6f86e4f654",
        "1059f3797156c695c3d75e1ed780fbe2b033add107b8f0932e3132e398ba5eb3ddb06310d3f3772a",
    ),
    (  # nine elements: two blocks, of which the second overwrites one element only
        "f51a4488b7bbd2ef5aae1b1ca878c91d1eaa6527dfc065af3cc0c734c79f72a7"
        "71286f8418351c8aa807d6c04382e59b75496ff8203320e4d7ba3d287d530810"
        "5ab76a6a11a43bf7",
        "51a973ab20a5572de0bcceb8914185d1029f70a687455ada97a5592c4cb546f9fb042db2e813122f",
    ),
)


@pytest.mark.parametrize(("before", "after"), PERMUTATIONS)
def test_permutation_equals_the_published_vectors(before: str, after: str) -> None:
    elements = poseidon2.from_bytes(bytes.fromhex(before))
    assert poseidon2.to_bytes(poseidon2.permute(elements)).hex() == after


@pytest.mark.parametrize(("message", "expected"), DIGESTS)
def test_digest_equals_the_published_vectors(message: str, expected: str) -> None:
    assert poseidon2.to_bytes(poseidon2.digest(poseidon2.from_bytes(bytes.fromhex(message)))).hex() == expected


def test_elements_above_the_prime_are_reduced_before_they_enter() -> None:
    assert poseidon2.digest([poseidon2.PRIME + 5, 2**64]) == poseidon2.digest([5, 2**64 - poseidon2.PRIME])


def test_a_short_last_piece_is_read_as_if_zeros_followed() -> None:
    assert poseidon2.from_bytes(b"\x01" + b"\x00" * 7 + b"ab") == (1, 0x6261)
