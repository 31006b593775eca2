// The lossy lane: what is not stored goes to the devices that are connected, past PostgreSQL's
// sequence and past everything durable (PROTOCOL 1.4, 5.6.7, O14). Thread safe.
#pragma once

#include <absl/status/status.h>

#include <string>

#include "chat/v1/event.pb.h"
#include "libs/rpc/call.h"
#include "services/messaging/announcer.h"
#include "services/messaging/pg_projection_store.h"

namespace chat::messaging {

class TransientLane {
 public:
  // `projections` and what `publish` calls outlive the lane.
  TransientLane(PgProjectionStore& projections, RedisPublish publish)
      : projections_(projections), publish_(std::move(publish)) {}

  // Publishes record or payload of `event` on its topic, `p2p/A/B` or `room/R`, if the account may
  // write there; of a room only for its member `author`, if given. permission_denied.
  absl::Status Relay(const rpc::Call& call, AccountId account, RosterId author, v1::Event event);
  // To the account's own devices, whatever the topic.
  void Tell(AccountId account, const v1::Event& event);

 private:
  PgProjectionStore& projections_;
  const RedisPublish publish_;
};

}  // namespace chat::messaging
