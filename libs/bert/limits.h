#pragma once

#include <cstddef>

namespace chat::bert {

// What a stranger's term may cost at most (CHAT 2.4). Every excess makes the term malformed. The
// size of the payload itself is bounded by the transport, which is asked first.
struct Limits {
  // Tuples, lists, maps and list tails entered at the same time. Decoding, printing, comparing and
  // destroying recurse once a level, so this also bounds the machine stack: keep it in the
  // hundreds.
  size_t depth = 256;
  // Elements of all tuples, lists and strings plus keys and values of all maps. A term takes 32
  // bytes of memory, so this also bounds the heap: 8 MiB plus the bytes of the payload.
  size_t terms = 262144;
  // Declared size of a compressed term, in bytes.
  size_t inflated_bytes = size_t{4} << 20;
  // Magnitude of an integer, in bytes as declared on the wire.
  size_t integer_bytes = 1024;
};

// Characters of an atom (CHAT 2.3); a property of Erlang, not configurable.
inline constexpr size_t kMaxAtomCharacters = 255;

}  // namespace chat::bert
