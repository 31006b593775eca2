// Messaging as roster needs it: told of changes, asked for the state of p2p feeds.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/channel.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/outbox.h"
#include "libs/rpc/call.h"

namespace chat::roster {

// Thread safe.
class Feeds {
 public:
  explicit Feeds(const std::shared_ptr<grpc::Channel>& messaging)
      : stub_(v1::FeedsInternal::NewStub(messaging)) {}

  // The outbox's deliverer: the payloads are serialised chat.v1.Change, which get source and
  // sequence here. Rows of one call are applied in order; a few hundred go into one transaction
  // there.
  absl::Status Apply(pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows);

  // One view per peer, in order: the p2p feed with it as `roster` sees it.
  absl::StatusOr<std::vector<v1::FeedView>> Views(const rpc::Call& call, RosterId roster,
                                                  const std::vector<RosterId>& peers);

  // The message as the roster may read it; nullopt when it may not.
  absl::StatusOr<std::optional<v1::Message>> Read(const rpc::Call& call, RosterId roster,
                                                  int64_t message_id);
  // Those of the messages that it may read, by id.
  absl::StatusOr<std::map<int64_t, v1::Message>> ReadMany(const rpc::Call& call, RosterId roster,
                                                          const std::vector<int64_t>& message_ids);

 private:
  std::unique_ptr<v1::FeedsInternal::Stub> stub_;
};

}  // namespace chat::roster
