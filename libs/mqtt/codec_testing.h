#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/codec.h"

// For the tests and fuzz targets of this folder: bytes from hexadecimal text, packets as one line.
namespace chat::mqtt::testing_support {

// "10 0D" -> two bytes; blanks are ignored; 'text' in quotes stands for itself.
std::string Bytes(std::string_view description);

// A packet as one line, for comparison: "PUBLISH t='a/b' p='x' q=1 id=7 dup". A reason other than
// success is "r=0x82"; properties follow in braces by number: "{1=1 38='k':'v'}".
std::string Describe(const Packet& packet);

struct Decoded {
  std::vector<std::string> packets;  // as Describe says
  std::string error;                 // clause of the error, empty without one
  Reason reason = Reason::kSuccess;  // of the error
};

// Feeds the bytes in pieces of `step` (0: all at once). `version`: of a stream without CONNECT.
Decoded DecodeAll(std::string_view bytes, Role role, size_t step = 0,
                  uint32_t max_packet_size = 1'048'576, std::optional<Version> version = {});

}  // namespace chat::mqtt::testing_support
