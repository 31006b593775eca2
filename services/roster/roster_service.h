// Roster/get, update, patch, nick, list, create (PROTOCOL 5.4). Identity is the caller's account: a
// roster id in a request only chooses among its own. Roster/add, del and remove are the business of
// roster_contacts.h, which this service calls.
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/call.h"
#include "services/roster/herald.h"
#include "services/roster/roster_contacts.h"
#include "services/roster/roster_reader.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class RosterService final : public v1::RosterService::Service {
 public:
  // `rosters_per_phone`: rosters that an account may have (PROTOCOL 4.6).
  RosterService(RosterStore& store, RosterReader& reader, RosterContacts& contacts, Herald& herald,
                int64_t rosters_per_phone)
      : store_(store),
        reader_(reader),
        contacts_(contacts),
        herald_(herald),
        rosters_per_phone_(rosters_per_phone) {}

  grpc::Status Get(grpc::ServerContext* context, const v1::Roster* request,
                   v1::Reply* reply) override;
  grpc::Status Update(grpc::ServerContext* context, const v1::Roster* request,
                      v1::Reply* reply) override;
  grpc::Status Patch(grpc::ServerContext* context, const v1::Roster* request,
                     v1::Reply* reply) override;
  grpc::Status Nick(grpc::ServerContext* context, const v1::Roster* request,
                    v1::Reply* reply) override;
  grpc::Status List(grpc::ServerContext* context, const v1::Roster* request,
                    v1::Reply* reply) override;
  grpc::Status Create(grpc::ServerContext* context, const v1::Roster* request,
                      v1::Reply* reply) override;
  grpc::Status Add(grpc::ServerContext* context, const v1::Roster* request,
                   v1::Reply* reply) override;
  grpc::Status Del(grpc::ServerContext* context, const v1::Roster* request,
                   v1::Reply* reply) override;
  grpc::Status Remove(grpc::ServerContext* context, const v1::Roster* request,
                      v1::Reply* reply) override;

 private:
  // The account's rosters, oldest first; profile_not_found when it has none.
  absl::StatusOr<std::vector<RosterRow>> All(const rpc::Call& call);
  // The own roster that the request names, the oldest when it names none; `missing` when there is
  // no such.
  absl::StatusOr<RosterRow> Own(const rpc::Call& call, const v1::Roster& request,
                                v1::ErrorCode missing);
  // Writes, broadcasts the roster under `status` to the own devices and its public Contact.
  absl::Status Write(const rpc::Call& call, const RosterRow& own, const RosterPatch& patch,
                     v1::Roster::Status status);
  absl::Status HandleUpdate(const rpc::Call& call, const v1::Roster& request, v1::Reply* reply);
  absl::Status HandleCreate(const rpc::Call& call, const v1::Roster& request, v1::Reply* reply);

  RosterStore& store_;
  RosterReader& reader_;
  RosterContacts& contacts_;
  Herald& herald_;
  const int64_t rosters_per_phone_;
};

}  // namespace chat::roster
