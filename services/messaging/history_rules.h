// History/get, History/update and Cursor/ before any store is asked (PROTOCOL 5.6.4 to 5.6.6).
// Pure.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "chat/v1/call.pb.h"
#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"

namespace chat::messaging {

// A feed as one who takes part in it asks for it.
struct AskedFeed {
  AccountId account;
  RosterId roster;   // own; none: the account's first one in the room
  std::string own;   // its phone id
  std::string peer;  // well formed; equal to `own` for the self feed; empty for a room
  std::string room;  // well formed
};

struct Selection {
  int64_t from = 0;      // message id, included; 0: from the end
  bool forward = false;  // oldest first
  int count = 0;         // 1 to 1000
};

// invalid_data: roster_id not own, feed missing or malformed, not a participant.
absl::StatusOr<AskedFeed> CheckFeed(const v1::Caller& caller, const v1::History& request);
// Cursor/ (PROTOCOL 5.6.6): the feed as the caller's roster in it sees it. invalid_data as
// CheckFeed, and for a negative position.
absl::StatusOr<AskedFeed> CheckCursor(const v1::Caller& caller, const v1::Cursor& request);
// N < 0 backwards, N > 0 forwards, 0 as -50; at most 1000. invalid_data for a negative entity_id.
absl::StatusOr<Selection> CheckSelection(const v1::History& request);

}  // namespace chat::messaging
