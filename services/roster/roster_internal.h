// What other services ask of roster. Not reachable by clients.
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "services/roster/account_store.h"
#include "services/roster/herald.h"
#include "services/roster/pg_audience.h"
#include "services/roster/presence.h"
#include "services/roster/rooms.h"
#include "services/roster/roster_reader.h"
#include "services/roster/roster_store.h"
#include "services/roster/transient.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class RosterInternal final : public v1::RosterInternal::Service {
 public:
  struct Parts {
    RosterStore& store;
    RosterReader& reader;
    AccountStore& accounts;
    PgAudience& audience;
    Presence& presence;
    Rooms& rooms;
    Herald& herald;
    Transient& transient;
  };
  explicit RosterInternal(const Parts& parts) : parts_(parts) {}

  // The account's rosters without lists, a first one made when there is none. Returns when
  // messaging has their feeds.
  grpc::Status EnsureRoster(grpc::ServerContext* context, const v1::EnsureRosterRequest* request,
                            v1::RostersReply* reply) override;
  // Full rosters; none for an account that has none.
  grpc::Status Rosters(grpc::ServerContext* context, const v1::RostersRequest* request,
                       v1::RostersReply* reply) override;
  // At most 20,000 ids.
  grpc::Status People(grpc::ServerContext* context, const v1::PeopleRequest* request,
                      v1::PeopleReply* reply) override;
  grpc::Status PutAccount(grpc::ServerContext* context, const v1::PutAccountRequest* request,
                          v1::PutAccountReply* reply) override;
  // The rosters without lists; none for an account that has none. Returns when messaging knows.
  grpc::Status RenameAccount(grpc::ServerContext* context, const v1::RenameAccountRequest* request,
                             v1::RostersReply* reply) override;
  grpc::Status RemoveAccount(grpc::ServerContext* context, const v1::RemoveAccountRequest* request,
                             v1::RemoveAccountReply* reply) override;

  // `ses/<phone>` of the own phone or of a friend's, `ac/<phone id>` of an own roster.
  grpc::Status Relay(grpc::ServerContext* context, const v1::RelayRequest* request,
                     v1::RelayReply* reply) override;
  grpc::Status Online(grpc::ServerContext* context, const v1::OnlineRequest* request,
                      v1::OnlineReply* reply) override;
  grpc::Status Announce(grpc::ServerContext* context, const v1::AnnounceRequest* request,
                        v1::AnnounceReply* reply) override;

 private:
  absl::Status RelayToPhone(const rpc::Call& call, AccountId publisher, const std::string& phone,
                            v1::Event event);
  absl::Status RelayToFriends(const rpc::Call& call, AccountId publisher,
                              const std::string& phone_id, v1::Event event);

  const Parts parts_;
};

}  // namespace chat::roster
