// What other services ask of roster. Not reachable by clients.
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "services/roster/roster_reader.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class RosterInternal final : public v1::RosterInternal::Service {
 public:
  RosterInternal(RosterStore& store, RosterReader& reader) : store_(store), reader_(reader) {}

  // The account's rosters without lists, a first one made when there is none. Returns when
  // messaging has their feeds.
  grpc::Status EnsureRoster(grpc::ServerContext* context, const v1::EnsureRosterRequest* request,
                            v1::RostersReply* reply) override;
  // Full rosters; none for an account that has none.
  grpc::Status Rosters(grpc::ServerContext* context, const v1::RostersRequest* request,
                       v1::RostersReply* reply) override;

 private:
  RosterStore& store_;
  RosterReader& reader_;
};

}  // namespace chat::roster
