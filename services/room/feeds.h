// Messaging as room needs it: told of changes, asked for the state of room feeds.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/channel.h>

#include <memory>
#include <vector>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/outbox.h"
#include "libs/rpc/call.h"
#include "services/room/room_store.h"

namespace chat::room {

// Thread safe.
class Feeds {
 public:
  explicit Feeds(const std::shared_ptr<grpc::Channel>& messaging)
      : stub_(v1::FeedsInternal::NewStub(messaging)) {}

  // The outbox's deliverer: the payloads are serialised chat.v1.Change, which get source and
  // sequence here. Rows are applied in order; one call holds 2 MiB of them, or one larger row.
  absl::Status Apply(pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows);

  // One view per room, in order, as `roster` sees it.
  absl::StatusOr<std::vector<v1::FeedView>> Views(const rpc::Call& call, RosterId roster,
                                                  const std::vector<RoomId>& rooms);

 private:
  // Of rooms [begin, end), added to `views`.
  absl::Status AddViews(const rpc::Call& call, RosterId roster, const std::vector<RoomId>& rooms,
                        size_t begin, size_t end, std::vector<v1::FeedView>& views);
  absl::Status Send(pg::Deadline deadline, const v1::ApplyRequest& request);
  std::unique_ptr<v1::FeedsInternal::Stub> stub_;
};

}  // namespace chat::room
