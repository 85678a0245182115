"""XXH3 of 64 bits (seed 0, default secret), in Python without any library.

The algorithm is xxHash's: https://github.com/Cyan4973/xxHash. A few MB/s: where speed
matters, take the package `xxhash` (xxhash.xxh3_64_intdigest).
"""

import struct

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
PRIME32_1, PRIME32_2, PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64_1, PRIME64_2, PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
PRIME64_4, PRIME64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
RRMXMX, AVALANCHE = 0x9FB21C651E98DF25, 0x165667919E3779F9
MASK = 2**64 - 1
STRIPE, BLOCK_STRIPES = 64, 16


def xxh3_64(data):
    """The hash of `data` (bytes) as a number."""
    size = len(data)
    if size <= 16:
        return _short(data)
    if size <= 128:
        return _avalanche(size * PRIME64_1 + _ends(data))
    if size <= 240:
        return _medium(data)
    return _long(data)


def _u32(data, at=0):
    return struct.unpack_from("<I", data, at)[0]


def _u64(data, at=0):
    return struct.unpack_from("<Q", data, at)[0]


def _fold(a, b):
    """The two halves of the 128-bit product, one over the other."""
    product = (a & MASK) * (b & MASK)
    return (product & MASK) ^ (product >> 64)


def _rotate(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def _avalanche(value):
    value &= MASK
    value ^= value >> 37
    value = value * AVALANCHE & MASK
    return value ^ value >> 32


def _xxh64_avalanche(value):
    value ^= value >> 33
    value = value * PRIME64_2 & MASK
    value ^= value >> 29
    value = value * PRIME64_3 & MASK
    return value ^ value >> 32


def _mix16(data, at, secret_at):
    return _fold(
        _u64(data, at) ^ _u64(SECRET, secret_at), _u64(data, at + 8) ^ _u64(SECRET, secret_at + 8)
    )


def _short(data):
    size = len(data)
    if size == 0:
        return _xxh64_avalanche(_u64(SECRET, 56) ^ _u64(SECRET, 64))
    if size <= 3:
        value = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
        return _xxh64_avalanche(value ^ _u32(SECRET) ^ _u32(SECRET, 4))
    if size <= 8:
        value = (_u32(data, size - 4) + (_u32(data) << 32)) ^ _u64(SECRET, 8) ^ _u64(SECRET, 16)
        value ^= _rotate(value, 49) ^ _rotate(value, 24)
        value = value * RRMXMX & MASK
        value ^= (value >> 35) + size
        value = value * RRMXMX & MASK
        return value ^ value >> 28
    low = _u64(data) ^ _u64(SECRET, 24) ^ _u64(SECRET, 32)
    high = _u64(data, size - 8) ^ _u64(SECRET, 40) ^ _u64(SECRET, 48)
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    return _avalanche(size + swapped + high + _fold(low, high))


def _ends(data):
    """17 to 128 bytes: pieces of 16 from both ends towards the middle."""
    size = len(data)
    pairs = (size - 1) // 32 + 1
    total = 0
    for pair in range(pairs):
        total += _mix16(data, 16 * pair, 32 * pair)
        total += _mix16(data, size - 16 * (pair + 1), 32 * pair + 16)
    return total


def _medium(data):
    size = len(data)
    total = size * PRIME64_1 + sum(_mix16(data, 16 * i, 16 * i) for i in range(8))
    total = _avalanche(total)
    total += sum(_mix16(data, 16 * i, 16 * (i - 8) + 3) for i in range(8, size // 16))
    return _avalanche(total + _mix16(data, size - 16, 136 - 17))


def _long(data):
    sums = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1]
    stripes = (len(data) - 1) // STRIPE
    for stripe in range(stripes):
        _accumulate(sums, data, STRIPE * stripe, 8 * (stripe % BLOCK_STRIPES))
        if stripe % BLOCK_STRIPES == BLOCK_STRIPES - 1:
            keys = struct.unpack_from("<8Q", SECRET, len(SECRET) - STRIPE)
            for i, key in enumerate(keys):
                sums[i] = (sums[i] ^ sums[i] >> 47 ^ key) * PRIME32_1 & MASK
    _accumulate(sums, data, len(data) - STRIPE, len(SECRET) - STRIPE - 7)
    keys = struct.unpack_from("<8Q", SECRET, 11)
    total = len(data) * PRIME64_1
    for i in range(0, 8, 2):
        total += _fold(sums[i] ^ keys[i], sums[i + 1] ^ keys[i + 1])
    return _avalanche(total)


def _accumulate(sums, data, at, secret_at):
    values = struct.unpack_from("<8Q", data, at)
    keys = struct.unpack_from("<8Q", SECRET, secret_at)
    for i in range(8):
        mixed = values[i] ^ keys[i]
        sums[i ^ 1] = sums[i ^ 1] + values[i] & MASK
        sums[i] = sums[i] + (mixed & 0xFFFFFFFF) * (mixed >> 32) & MASK
