#pragma once

#include <string_view>

#include "libs/bert/decode_result.h"
#include "libs/bert/limits.h"

namespace chat::bert {

// Reads one payload: version byte and one term in any accepted form (CHAT 2.1, 2.3). Bytes after
// the term are ignored. The input is hostile: every declared count is checked against the bytes
// left and against `limits` before anything is allocated, nothing is looked up or created globally,
// and an excess is an error like any other.
//
// Pure and thread-safe. The result owns everything; it does not refer to `payload`.
DecodeResult Decode(std::string_view payload, const Limits& limits = {});

}  // namespace chat::bert
