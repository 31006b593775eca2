// Messaging and roster as media needs them: told of call records, asked who may be called.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat/v1/messaging.grpc.pb.h"
#include "chat/v1/roster.grpc.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/outbox.h"
#include "libs/rpc/call.h"

namespace chat::media {

// Thread safe.
class Feeds {
 public:
  // Both outlive it.
  Feeds(v1::FeedsInternal::StubInterface& messaging, v1::RosterInternal::StubInterface& roster)
      : messaging_(messaging), roster_(roster) {}

  // The outbox's deliverer: the payloads are serialised chat.v1.Change, which get source and
  // sequence here.
  absl::Status Apply(pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows);

  // The account behind a phone id, if it is a friend of the roster.
  absl::StatusOr<std::optional<AccountId>> Friend(const rpc::Call& call, RosterId roster,
                                                  const std::string& phone_id);
  // Whether the account may read the feed that a topic names.
  absl::StatusOr<bool> MayRead(const rpc::Call& call, AccountId account, const std::string& topic);

 private:
  v1::FeedsInternal::StubInterface& messaging_;
  v1::RosterInternal::StubInterface& roster_;
};

}  // namespace chat::media
