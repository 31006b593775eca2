#include "services/roster/roster_internal.h"

#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

void AddOwn(const RosterRow& row, v1::RostersReply& reply) {
  v1::OwnRoster& own = *reply.add_own();
  own.set_id(row.id.value);
  own.set_phone_id(row.phone_id().text());
}

}  // namespace

grpc::Status RosterInternal::EnsureRoster(grpc::ServerContext* context,
                                          const v1::EnsureRosterRequest* request,
                                          v1::RostersReply* reply) {
  return rpc::Serve(
      context, "RosterInternal/EnsureRoster", [&](const rpc::Call& call) -> absl::Status {
        const std::optional<std::string> phone = NormalisePhone(request->phone());
        if (request->account_id() <= 0 || !phone) {
          return absl::InvalidArgumentError("EnsureRosterRequest: no account id or no phone");
        }
        const AccountId account{request->account_id()};
        CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                              store_.Ensure(call.deadline, account, *phone));
        CHAT_RETURN_IF_ERROR(store_.DeliverAccount(call.deadline, account));
        for (const RosterRow& row : rosters) {
          AddOwn(row, *reply);
          *reply->add_rosters() = RosterHeader(row, v1::Roster::STATUS_UNSET);
        }
        return absl::OkStatus();
      });
}

grpc::Status RosterInternal::Rosters(grpc::ServerContext* context,
                                     const v1::RostersRequest* request, v1::RostersReply* reply) {
  return rpc::Serve(context, "RosterInternal/Rosters", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                          store_.RostersOf(call.deadline, {request->account_id()}));
    for (const RosterRow& row : rosters) {
      AddOwn(row, *reply);
      CHAT_ASSIGN_OR_RETURN(*reply->add_rosters(),
                            reader_.Full(call, row, v1::Roster::STATUS_UNSET));
    }
    return absl::OkStatus();
  });
}

}  // namespace chat::roster
