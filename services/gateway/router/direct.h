// What a client publishes straight to a topic of ses/, ac/, p2p/ or room/ (PROTOCOL 1.4, O14).
// Pure.
#pragma once

#include <string_view>

#include "chat/v1/call.pb.h"
#include "libs/bert/limits.h"

namespace chat::gateway {

enum class DirectKind {
  kTerm,       // no record of section 3, or a Typing, Loc or Call with the own author: relayed
  kRequest,    // a Message: handled as a request
  kDropped,    // another record, or another's Typing or Call
  kMalformed,  // no valid term
};

// Thread safe.
DirectKind ClassifyDirect(std::string_view payload, const bert::Limits& limits,
                          const v1::Caller& caller);

}  // namespace chat::gateway
