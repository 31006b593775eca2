// The rules of call records and of calls (PROTOCOL 5.8, O26, O27). Pure.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "chat/v1/call.pb.h"
#include "chat/v1/records.pb.h"

namespace chat::media {

// `[A-Za-z0-9_-]{1,64}`.
bool IsCallId(std::string_view id);
// The halves in byte order (PROTOCOL 6.4).
v1::P2p SortedPair(std::string_view one, std::string_view other);
// `p2p/A/B` of two phone ids.
std::string P2pTopic(std::string_view one, std::string_view other);
// What a p2p feed is stored under: its roster ids, which never change.
std::string P2pKey(int64_t one, int64_t other);

// Who speaks and where.
struct FeedHalf {
  v1::OwnRoster own;
  std::string peer;  // phone id; of a room its id
  bool room = false;
};
// Of feed, from and to of a CDR. not_authorized: from is not the caller's; invalid_data: no feed,
// or one that does not contain from, or disagrees with to.
absl::StatusOr<FeedHalf> HalfOf(const v1::Caller& caller, const v1::Cdr& cdr);
// Of a Call; only p2p feeds have calls. permission_denied: from; invalid_data: feed, id.
absl::StatusOr<FeedHalf> HalfOf(const v1::Caller& caller, const v1::Call& call);
// invalid_data: id, type, times.
absl::Status CheckCdr(const v1::Cdr& cdr);

// A call as it stands when a signal of one of its sides comes.
struct CallView {
  bool exists = false;
  bool ended = false;
  bool answered = false;
  bool by_caller = false;    // the signal
  bool by_answerer = false;  // by the very device that answered
};

struct CallStep {
  enum class Kind {
    kInvalid,  // not in this state: invalid_data
    kDenied,   // another device has the call: permission_denied
    kRelay,    // nothing changes
    kStart,
    kAnswer,
    kEnd,
  };
  Kind kind = Kind::kInvalid;
  v1::Cdr::Status end = v1::Cdr::STATUS_UNSET;  // kEnd
  // The payload of the `cancel` that the other devices of whoever signals get; empty: none.
  std::string_view others;
};
//            | none   | ringing, caller | ringing, callee | answered, its devices | ended
//  offer     | start  | relay           | relay           | relay                 | invalid
//  ringing   | invalid| invalid         | relay           | invalid               | invalid
//  answer    | invalid| invalid         | answer          | relay                 | invalid
//  candidate | invalid| relay           | relay           | relay                 | invalid
//  busy      | invalid| invalid         | end: busy       | invalid               | invalid
//  cancel,   | invalid| end: missed     | end: declined   | end: ended            | invalid
//  hangup    |        |                 |                 |                       |
// Devices of the callee that did not answer are denied everything once another one has.
CallStep Judge(const CallView& call, v1::Call::Status signal);

}  // namespace chat::media
