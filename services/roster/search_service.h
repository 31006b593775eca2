// Search/contact, profile, roster, member: one handler, four selectors; Search/room (PROTOCOL 5.8,
// O17).
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/call.h"
#include "services/roster/directory.h"
#include "services/roster/presence.h"
#include "services/roster/rooms.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class SearchService final : public v1::SearchService::Service {
 public:
  SearchService(RosterStore& store, Directory& directory, Presence& presence, Rooms& rooms,
                SearchLimits limits);

  grpc::Status Contact(grpc::ServerContext* context, const v1::Search* request,
                       v1::Reply* reply) override;
  grpc::Status Profile(grpc::ServerContext* context, const v1::Search* request,
                       v1::Reply* reply) override;
  grpc::Status Roster(grpc::ServerContext* context, const v1::Search* request,
                      v1::Reply* reply) override;
  grpc::Status Member(grpc::ServerContext* context, const v1::Search* request,
                      v1::Reply* reply) override;
  grpc::Status Room(grpc::ServerContext* context, const v1::Search* request,
                    v1::Reply* reply) override;

 private:
  grpc::Status Serve(grpc::ServerContext* context, const char* method, v1::Roster::Status status,
                     const v1::Search& request, v1::Reply* reply);
  absl::Status Handle(const rpc::Call& call, v1::Roster::Status status, const v1::Search& request,
                      v1::Reply* reply);
  absl::Status HandleRoom(const rpc::Call& call, const v1::Search& request, v1::Reply* reply);
  // The own roster that searches, the oldest when the request names none.
  absl::StatusOr<RosterId> Searching(const rpc::Call& call, const v1::Search& request);
  // kResourceExhausted over a limit.
  absl::Status CheckLimits(const rpc::Call& call, int64_t values);

  RosterStore& store_;
  Directory& directory_;
  Presence& presence_;
  Rooms& rooms_;
  const SearchLimits limits_;
  prometheus::Counter& too_many_requests_;
  prometheus::Counter& too_many_values_;
};

}  // namespace chat::roster
