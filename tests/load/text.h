// What a message of a run says about itself: which one it is, so that a receipt needs no table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/load/ledger.h"

namespace chat::load {

// A short word that no other run has; letters and digits.
std::string NewRun();

struct Mark {
  SendId send;
  uint32_t version = 0;
};

// The text of one version, filled up to `size` bytes; longer when the mark itself is.
std::string TextOf(std::string_view run, const Mark& mark, size_t size);
// Nothing: not a text of this run.
std::optional<Mark> ReadText(std::string_view run, std::string_view text);
// The msg_id, the same for every version and every time it is sent.
std::string MessageId(std::string_view run, SendId send);

}  // namespace chat::load
