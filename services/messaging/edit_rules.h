// Message/edit and Message/complete (PROTOCOL 5.6.2, 5.6.3): what is asked, and whether the caller
// may do it to the message as it is stored. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "chat/v1/call.pb.h"
#include "chat/v1/records.pb.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

struct AskedEdit {
  enum class Kind { kEdit, kRemoveForAll, kRemoveForMe, kComplete };
  Kind kind = Kind::kEdit;
  int64_t id = 0;
};

// A message and who of the caller's account takes part in its feed: its halves of a p2p feed, its
// members of a room.
struct StoredMessage {
  struct Participant {
    RosterId roster;
    bool admin = false;  // of a room
  };
  MessageRow row;
  RosterId author;
  std::vector<Participant> own;
};

// Message/complete. invalid_data: no files, or malformed ones; permission_denied: no id.
absl::StatusOr<AskedEdit> CheckComplete(const v1::Message& request);
// Message/edit. invalid_data: no id, or malformed files.
absl::StatusOr<AskedEdit> CheckEdit(const v1::Message& request);

// The roster of the caller for which the edit is done. Refusals: permission_denied (not in the
// feed, not the author, unless an admin removes for all, a system message), invalid_data (removed
// already; an edit of an upload that is not complete).
absl::StatusOr<v1::OwnRoster> CheckEditor(const v1::Caller& caller, const v1::Message& request,
                                          AskedEdit::Kind kind, const StoredMessage& stored);

// The message with its new state, for all but a removal for oneself.
MessageRow Edited(const v1::Message& request, AskedEdit::Kind kind, MessageRow row);

// What the requester's devices are told of a removal for itself: the message without its files.
v1::Message RemovedForMe(const v1::Message& request, const MessageRow& row);

}  // namespace chat::messaging
