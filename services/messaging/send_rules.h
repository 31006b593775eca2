// Message/client before any store is asked (PROTOCOL 5.6.1): defaults, normalising, and the checks
// that the request itself decides. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "chat/v1/call.pb.h"
#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

// A send to a feed, ready for the batcher; or a change of a stored message, of which `feed`,
// `client_id`, `trace` and `body` are set as well, for the queue and the event.
struct Send {
  AccountId account;  // whose connection asks
  RosterId author;
  std::string peer;    // phone id, equal to the author's in the self chat, or room; well formed
  std::string feed;    // its topic: what the order of arrival is kept by
  std::string msg_id;  // the client's own id; empty: none
  // Where there is no msg_id and the gateway named the packet (O3): what this PUBLISH is stored
  // under, and, if it came with DUP, where an earlier copy of it may be found.
  std::string dup_key;
  std::optional<std::string> dup_find;    // same epoch
  std::optional<std::string> dup_before;  // the epoch before: a resend follows a reconnect
  std::optional<int64_t> created;
  std::string body;       // serialised v1.Message with what the author wrote
  std::string client_id;  // of the author's device, for the event
  std::string trace;      // likewise; set by whoever submits
  int64_t session = 0;    // whose order is kept after a failure; 0: nobody's
  int64_t epoch = 0;
  int status = v1::Message::SENT;  // or LINK; links are not in one batch with others
  // The message with its new state and the position at which it was read.
  std::optional<MessageRow> change;
};

// invalid_data: no files, or, unless they may be empty, one without payload.
absl::Status CheckFiles(const v1::Message& request, bool may_be_empty = false);

// Message/client, or Message/upload by its status. Refusals are named by the specification:
// invalid_data, permission_denied.
absl::StatusOr<Send> CheckSend(const v1::Caller& caller, const v1::Message& request);

}  // namespace chat::messaging
