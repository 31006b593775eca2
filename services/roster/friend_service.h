// Friend/request, confirm, revoke, ban, unban, mute, unmute (PROTOCOL 5.5). The rules are in
// friendship.h; here: who asks, whom, within which limits, and what the answer looks like.
#pragma once

#include <cstdint>

#include "chat/v1/roster.grpc.pb.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/call.h"
#include "services/roster/friendship.h"
#include "services/roster/presence.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class FriendService final : public v1::FriendService::Service {
 public:
  // `requests_per_day`: Friend/request per account and day (UTC), 0 for no limit (PROTOCOL O17).
  FriendService(RosterStore& store, Presence& presence, int64_t requests_per_day);

  grpc::Status Request(grpc::ServerContext* context, const v1::Friend* request,
                       v1::Reply* reply) override;
  grpc::Status Confirm(grpc::ServerContext* context, const v1::Friend* request,
                       v1::Reply* reply) override;
  grpc::Status Revoke(grpc::ServerContext* context, const v1::Friend* request,
                      v1::Reply* reply) override;
  grpc::Status Ban(grpc::ServerContext* context, const v1::Friend* request,
                   v1::Reply* reply) override;
  grpc::Status Unban(grpc::ServerContext* context, const v1::Friend* request,
                     v1::Reply* reply) override;
  grpc::Status Mute(grpc::ServerContext* context, const v1::Friend* request,
                    v1::Reply* reply) override;
  grpc::Status Unmute(grpc::ServerContext* context, const v1::Friend* request,
                      v1::Reply* reply) override;

 private:
  grpc::Status Serve(grpc::ServerContext* context, const char* method, Verb verb,
                     const v1::Friend& request, v1::Reply* reply);
  absl::Status Handle(const rpc::Call& call, Verb verb, const v1::Friend& request,
                      v1::Reply* reply);
  // The caller's roster that the request names.
  absl::StatusOr<RosterRow> Party(const rpc::Call& call, const v1::Friend& request);
  // The roster at that phone id; nullopt when there is none.
  absl::StatusOr<std::optional<RosterRow>> Named(const rpc::Call& call, const PhoneId& id);
  absl::Status CheckRequests(const rpc::Call& call, AccountId account);
  // Carries the verb out and waits until messaging knows.
  absl::StatusOr<Answer> Change(const rpc::Call& call, Verb verb, const RosterRow& party,
                                const RosterRow& counterparty);

  RosterStore& store_;
  Presence& presence_;
  const int64_t requests_per_day_;
  prometheus::Counter& too_many_requests_;
};

}  // namespace chat::roster
