#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/codec.h"

// For the tests and fuzz targets of this folder: bytes from hexadecimal text, packets as one line.
namespace chat::mqtt::testing_support {

// "10 0D" -> two bytes; blanks are ignored; 'text' in quotes stands for itself.
std::string Bytes(std::string_view description);

// A packet as one line, for comparison: "PUBLISH t='a/b' p='x' q=1 id=7 dup".
std::string Describe(const Packet& packet);

struct Decoded {
  std::vector<std::string> packets;  // as Describe says
  std::string error;                 // clause of the error, empty without one
  Reason reason = Reason::kSuccess;  // of the error
};

// Feeds the bytes in pieces of `step` (0: all at once).
Decoded DecodeAll(std::string_view bytes, Role role, size_t step = 0,
                  uint32_t max_packet_size = 1'048'576);

}  // namespace chat::mqtt::testing_support
