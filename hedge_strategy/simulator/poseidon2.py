"""Poseidon2 over the Goldilocks field, in the instance that the venue signs with.

Promise: `digest` gives the same five field elements as the venue's signer for the same input. Width 12, rate 8, four
full rounds, 22 partial rounds, four full rounds, S-box x^7, overwrite-mode sponge without padding (venue fact sheet
2.2). Invariant: every function takes and returns canonical elements, that is integers in [0, PRIME).

The round constants and the diagonal of the inner matrix are facts of the venue's instance (its public
`poseidon_crypto` library); the diagonal is the one Plonky3 uses for width 12.

Known limit: without padding, inputs that differ only in trailing zeros inside one block have one digest. That is the
venue's choice; its messages have a fixed length per transaction type.
"""

from collections.abc import Sequence
from typing import Final

PRIME: Final = 2**64 - 2**32 + 1
WIDTH: Final = 12
RATE: Final = 8
DIGEST_ELEMENTS: Final = 5
ELEMENT_BYTES: Final = 8
FULL_ROUNDS_EACH_END: Final = 4


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())


# One line of twelve per full round, in the order of the rounds.
_FULL_ROUND_CONSTANTS: Final = _numbers("""
15492826721047263190 11728330187201910315 8836021247773420868 16777404051263952451 5510875212538051896
6173089941271892285 2927757366422211339 10340958981325008808 8541987352684552425 9739599543776434497
15073950188101532019 12084856431752384512
4584713381960671270 8807052963476652830 54136601502601741 4872702333905478703 5551030319979516287
12889366755535460989 16329242193178844328 412018088475211848 10505784623379650541 9758812378619434837
7421979329386275117 375240370024755551
3331431125640721931 15684937309956309981 578521833432107983 14379242000670861838 17922409828154900976
8153494278429192257 15904673920630731971 11217863998460634216 3301540195510742136 9937973023749922003
3059102938155026419 1895288289490976132
5580912693628927540 10064804080494788323 9582481583369602410 10186259561546797986 247426333829703916
13193193905461376067 6386232593701758044 17954717245501896472 1531720443376282699 2455761864255501970
11234429217864304495 4746959618548874102
13571697342473846203 17477857865056504753 15963032953523553760 16033593225279635898 14252634232868282405
8219748254835277737 7459165569491914711 15855939513193752003 16788866461340278896 7102224659693946577
3024718005636976471 13695468978618890430
8214202050877825436 2670727992739346204 16259532062589659211 11869922396257088411 3179482916972760137
13525476046633427808 3217337278042947412 14494689598654046340 15837379330312175383 8029037639801151344
2153456285263517937 8301106462311849241
13294194396455217955 17394768489610594315 12847609130464867455 14015739446356528640 5879251655839607853
9747000124977436185 8950393546890284269 10765765936405694368 14695323910334139959 16366254691123000864
15292774414889043182 10910394433429313384
17253424460214596184 3442854447664030446 3005570425335613727 10859158614900201063 9763230642109343539
6647722546511515039 909012944955815706 18101204076790399111 11588128829349125809 15863878496612806566
5201119062417750399 176665553780565743
""")
_PARTIAL_ROUND_CONSTANTS: Final = _numbers("""
11921381764981422944 10318423381711320787 8291411502347000766 229948027109387563 9152521390190983261
7129306032690285515 15395989607365232011 8641397269074305925 17256848792241043600 6046475228902245682
12041608676381094092 12785542378683951657 14546032085337914034 3304199118235116851 16499627707072547655
10386478025625759321 13475579315436919170 16042710511297532028 1411266850385657080 9024840976168649958
14047056970978379368 838728605080212101
""")
# The inner matrix is all ones plus this diagonal.
_DIAGONAL: Final = (
    *(0xC3B6C08E23BA9300, 0xD84B5DE94A324FB6, 0x0D0C371C5B35B84F, 0x7964F570E7188037),
    *(0x5DAF18BBD996604B, 0x6743BC47B9595257, 0x5528B9362C59BB70, 0xAC45E25B7127B68B),
    *(0xA2077D7DFBB606B5, 0xF3FAAC6FAEE378AE, 0x0C6388B51545E883, 0xD27DBB6944917B60),
)

_ROUNDS: Final = tuple(_FULL_ROUND_CONSTANTS[at : at + WIDTH] for at in range(0, len(_FULL_ROUND_CONSTANTS), WIDTH))


def digest(elements: Sequence[int]) -> tuple[int, ...]:
    """Five field elements for any non-empty sequence of elements (taken modulo PRIME)."""
    state = [0] * WIDTH
    for start in range(0, len(elements), RATE):
        block = elements[start : start + RATE]
        state[: len(block)] = [element % PRIME for element in block]
        state = permute(state)
    return tuple(state[:DIGEST_ELEMENTS])


def to_bytes(elements: Sequence[int]) -> bytes:
    """Elements as 8 bytes each, little-endian: the form in which hashes, keys and signatures travel."""
    return b"".join(element.to_bytes(ELEMENT_BYTES, "little") for element in elements)


def from_bytes(data: bytes) -> tuple[int, ...]:
    """The reverse of `to_bytes`; a last short piece is read as if zeros followed it."""
    return tuple(int.from_bytes(data[at : at + ELEMENT_BYTES], "little") for at in range(0, len(data), ELEMENT_BYTES))


def permute(state: Sequence[int]) -> list[int]:
    """The permutation of twelve elements."""
    mixed = _mix_full(state)
    for constants in _ROUNDS[:FULL_ROUNDS_EACH_END]:
        mixed = _mix_full(_substitute(mixed, constants))
    mixed = _partial_rounds(mixed)
    for constants in _ROUNDS[FULL_ROUNDS_EACH_END:]:
        mixed = _mix_full(_substitute(mixed, constants))
    return [element % PRIME for element in mixed]


def _substitute(state: Sequence[int], constants: Sequence[int]) -> list[int]:
    """Add the round's constants and raise to the seventh power. The input may be unreduced."""
    out = []
    for element, constant in zip(state, constants, strict=True):
        value = element + constant
        square = value * value % PRIME
        out.append(square * square * square * value % PRIME)
    return out


def _mix_full(state: Sequence[int]) -> list[int]:
    """The outer matrix. Sums stay below 2^70, so reduction is left to the step that follows."""
    a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3 = state
    a0, a1, a2, a3 = _mix_four(a0, a1, a2, a3)
    b0, b1, b2, b3 = _mix_four(b0, b1, b2, b3)
    c0, c1, c2, c3 = _mix_four(c0, c1, c2, c3)
    t0, t1, t2, t3 = a0 + b0 + c0, a1 + b1 + c1, a2 + b2 + c2, a3 + b3 + c3
    return [a0 + t0, a1 + t1, a2 + t2, a3 + t3, b0 + t0, b1 + t1, b2 + t2, b3 + t3, c0 + t0, c1 + t1, c2 + t2, c3 + t3]


def _mix_four(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """The circulant matrix with the row 2 3 1 1."""
    left, right = a + b, c + d
    with_b, with_d = left + right + b, left + right + d
    return with_b + left, 2 * c + with_b, with_d + right, 2 * a + with_d


# The partial rounds are linear but for element 0, so elements 1 to 11 need no step of their own. Write T[k] for the sum
# over the state in round k. Then element i after r rounds is d[i]^r * start[i] + sum over k < r of d[i]^(r-1-k) * T[k],
# and T needs only the sum of those over i. One wide integer holds, in slots, these sums for all rounds still to come
# and behind them the final elements 1 to 11; each round reads the lowest slot and adds its T times a prepared row. That
# replaces 264 small multiplications and reductions by 33 wide multiplications, which is three times faster in Python.
_SLOT_BITS: Final = (
    150  # a sum of at most 33 products of two elements is below 2^134; 150 is a multiple of 30-bit digits
)
_SLOT_MASK: Final = (1 << _SLOT_BITS) - 1


def _pack(values: Sequence[int]) -> int:
    return sum(value % PRIME << _SLOT_BITS * at for at, value in enumerate(values))


def _start_rows() -> tuple[int, ...]:
    """For each of the elements 1 to 11: its share in every round's sum, then its share in its own final value."""
    rows = []
    for at, factor in enumerate(_DIAGONAL[1:]):
        powers = [pow(factor, r, PRIME) for r in range(len(_PARTIAL_ROUND_CONSTANTS) + 1)]
        rows.append(_pack([*powers[:-1], *([0] * at), powers[-1]]))
    return tuple(rows)


def _round_rows() -> tuple[int, ...]:
    """For each round: the share of its T in the sums of later rounds, then in the final elements 1 to 11."""
    rows = []
    for k in range(len(_PARTIAL_ROUND_CONSTANTS)):
        later = len(_PARTIAL_ROUND_CONSTANTS) - 1 - k
        sums = [sum(pow(factor, r, PRIME) for factor in _DIAGONAL[1:]) for r in range(later)]
        rows.append(_pack([*sums, *(pow(factor, later, PRIME) for factor in _DIAGONAL[1:])]))
    return tuple(rows)


_START_ROWS: Final = _start_rows()
_CONSTANTS_AND_ROWS: Final = tuple(zip(_PARTIAL_ROUND_CONSTANTS, _round_rows(), strict=True))


def _partial_rounds(state: Sequence[int]) -> list[int]:
    first = state[0]
    slots = sum(element % PRIME * row for element, row in zip(state[1:], _START_ROWS, strict=True))
    for constant, row in _CONSTANTS_AND_ROWS:
        value = first + constant
        square = value * value % PRIME
        substituted = square * square * square * value % PRIME
        total = ((slots & _SLOT_MASK) + substituted) % PRIME
        slots = (slots >> _SLOT_BITS) + total * row
        first = (substituted * _DIAGONAL[0] + total) % PRIME
    out = [first]
    for _ in range(WIDTH - 1):
        out.append((slots & _SLOT_MASK) % PRIME)
        slots >>= _SLOT_BITS
    return out
