#include "services/roster/roster_service.h"

#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/roster/nick.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

// Roster/nick writes the nick only, patch all that PROTOCOL 5.4 lists.
absl::StatusOr<RosterPatch> ToPatch(const v1::Roster& request, v1::Roster::Status status) {
  RosterPatch patch;
  if (status == v1::Roster::PATCH) {
    if (request.has_names()) patch.names = request.names();
    if (request.has_surnames()) patch.surnames = request.surnames();
    if (request.has_email()) patch.email = request.email();
    if (request.has_avatar()) patch.avatar = request.avatar();
  }
  if (!request.has_nick()) return patch;
  patch.nick = request.nick();
  if (request.nick().empty()) return patch;
  std::optional<std::string> folded = FoldNick(request.nick());
  if (!folded) return rpc::Refuse(v1::INVALID_NICK, "Roster.nick: not 2 to 32 letters and digits");
  patch.nick_folded = *std::move(folded);
  return patch;
}

}  // namespace

absl::StatusOr<RosterRow> RosterService::Own(const rpc::Call& call, const v1::Roster& request,
                                             v1::ErrorCode missing) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                        store_.RostersOf(call.deadline, {call.caller.account_id()}));
  for (const RosterRow& row : rosters) {
    if (!request.has_id() || row.id.value == request.id()) return row;
  }
  return rpc::Refuse(missing, "Roster.id: not a roster of the caller");
}

absl::Status RosterService::Write(const rpc::Call& call, const v1::Roster& request,
                                  v1::Roster::Status status) {
  CHAT_ASSIGN_OR_RETURN(const RosterRow own, Own(call, request, v1::NOT_FOUND));
  CHAT_ASSIGN_OR_RETURN(const RosterPatch patch, ToPatch(request, status));
  const auto notices = [&](const RosterRow& row) {
    v1::Record record;
    *record.mutable_roster() = RosterHeader(row, status);
    return std::vector<v1::Change>{ToDevices(row.account, std::move(record))};
  };
  const absl::Status written = store_.Write(call.deadline, own.account, own.id, patch, notices);
  if (absl::IsAlreadyExists(written)) return rpc::Refuse(v1::NICK, "Roster.nick: taken");
  if (absl::IsNotFound(written)) return rpc::Refuse(v1::NOT_FOUND, "Roster.id: gone");
  CHAT_RETURN_IF_ERROR(written);
  return store_.DeliverAccount(call.deadline, own.account);
}

grpc::Status RosterService::Get(grpc::ServerContext* context, const v1::Roster* request,
                                v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow own, Own(call, *request, v1::ROSTER_NOT_FOUND));
    CHAT_ASSIGN_OR_RETURN(*reply->add_records()->mutable_roster(),
                          reader_.Full(call, own, v1::Roster::GET));
    return absl::OkStatus();
  });
}

grpc::Status RosterService::Patch(grpc::ServerContext* context, const v1::Roster* request,
                                  v1::Reply*) {
  return rpc::Serve(context, "RosterService/Patch", [&](const rpc::Call& call) {
    return Write(call, *request, v1::Roster::PATCH);
  });
}

grpc::Status RosterService::Nick(grpc::ServerContext* context, const v1::Roster* request,
                                 v1::Reply*) {
  return rpc::Serve(context, "RosterService/Nick",
                    [&](const rpc::Call& call) { return Write(call, *request, v1::Roster::NICK); });
}

grpc::Status RosterService::List(grpc::ServerContext* context, const v1::Roster*,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/List", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                          store_.RostersOf(call.deadline, {call.caller.account_id()}));
    if (rosters.empty()) {
      return rpc::Refuse(v1::PROFILE_NOT_FOUND, "Roster: the caller's account has none");
    }
    v1::Io& io = *reply->add_records()->mutable_io();
    for (const RosterRow& row : rosters) {
      *io.mutable_list()->add_records()->mutable_roster() =
          RosterHeader(row, v1::Roster::STATUS_UNSET);
    }
    io.set_nothing("");
    return absl::OkStatus();
  });
}

}  // namespace chat::roster
