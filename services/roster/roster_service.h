// Roster/get, patch, nick, list (PROTOCOL 5.4). Identity is the caller's account: a roster id in a
// request only chooses among its own.
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/roster/roster_reader.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class RosterService final : public v1::RosterService::Service {
 public:
  RosterService(RosterStore& store, RosterReader& reader) : store_(store), reader_(reader) {}

  grpc::Status Get(grpc::ServerContext* context, const v1::Roster* request,
                   v1::Reply* reply) override;
  grpc::Status Patch(grpc::ServerContext* context, const v1::Roster* request,
                     v1::Reply* reply) override;
  grpc::Status Nick(grpc::ServerContext* context, const v1::Roster* request,
                    v1::Reply* reply) override;
  grpc::Status List(grpc::ServerContext* context, const v1::Roster* request,
                    v1::Reply* reply) override;

 private:
  // The own roster that the request names, the oldest when it names none; `missing` when there is
  // no such.
  absl::StatusOr<RosterRow> Own(const rpc::Call& call, const v1::Roster& request,
                                v1::ErrorCode missing);
  // Writes and broadcasts the roster under `status` to the own devices.
  absl::Status Write(const rpc::Call& call, const v1::Roster& request, v1::Roster::Status status);

  RosterStore& store_;
  RosterReader& reader_;
};

}  // namespace chat::roster
