#include "services/roster/roster_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/packet_key.h"
#include "libs/rpc/refusal.h"
#include "services/roster/records.h"
#include "services/roster/roster_patch.h"

namespace chat::roster {

absl::StatusOr<std::vector<RosterRow>> RosterService::All(const rpc::Call& call) {
  CHAT_ASSIGN_OR_RETURN(std::vector<RosterRow> rosters,
                        store_.RostersOf(call.deadline, {call.caller.account_id()}));
  if (!rosters.empty()) return rosters;
  CHAT_ASSIGN_OR_RETURN(const bool there,
                        store_.HasAccount(call.deadline, {call.caller.account_id()}));
  if (there) return rosters;
  return rpc::Refuse(v1::PROFILE_NOT_FOUND, "Roster: the caller's account is gone");
}

absl::StatusOr<RosterRow> RosterService::Own(const rpc::Call& call, const v1::Roster& request,
                                             v1::ErrorCode missing) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                        store_.RostersOf(call.deadline, {call.caller.account_id()}));
  for (const RosterRow& row : rosters) {
    if (!request.has_id() || row.id.value == request.id()) return row;
  }
  return rpc::Refuse(missing, "Roster.id: not a roster of the caller");
}

absl::Status RosterService::Write(const rpc::Call& call, const RosterRow& own,
                                  const RosterPatch& patch, v1::Roster::Status status) {
  const auto notices = [&](const RosterRow& row) {
    v1::Record record;
    *record.mutable_roster() = RosterHeader(row, status);
    return std::vector<v1::Change>{ToDevices(row.account, std::move(record))};
  };
  const absl::Status written = store_.Write(call.deadline, own.account, own.id, patch, notices);
  if (absl::IsAlreadyExists(written)) return rpc::Refuse(v1::NICK, "Roster.nick: taken");
  if (absl::IsNotFound(written)) return rpc::Refuse(v1::NOT_FOUND, "Roster.id: gone");
  CHAT_RETURN_IF_ERROR(written);
  herald_.Changed(
      own.account, own.id,
      status == v1::Roster::NICK ? Herald::Reach::kFriends : Herald::Reach::kFriendsAndCoMembers);
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

absl::Status RosterService::HandleUpdate(const rpc::Call& call, const v1::Roster& request,
                                         v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                        store_.RostersOf(call.deadline, {call.caller.account_id()}));
  const bool foreign_phone = !request.phone().empty() && !rosters.empty() &&
                             NormalisePhone(request.phone()) != rosters.front().phone;
  if (foreign_phone) return rpc::Refuse(v1::NOT_AUTHORIZED, "Roster.phone: not the caller's");
  CHAT_ASSIGN_OR_RETURN(RosterRow own, Own(call, request, v1::ROSTER_NOT_FOUND));
  CHAT_ASSIGN_OR_RETURN(const RosterPatch patch, UpdateOf(request, own));
  if (!IsEmpty(patch)) {
    CHAT_RETURN_IF_ERROR(Write(call, own, patch, v1::Roster::PATCH));
    CHAT_ASSIGN_OR_RETURN(own, Own(call, request, v1::ROSTER_NOT_FOUND));
  }
  CHAT_ASSIGN_OR_RETURN(*reply->add_records()->mutable_roster(),
                        reader_.Full(call, own, v1::Roster::UPDATE, request.update()));
  return absl::OkStatus();
}

grpc::Status RosterService::Update(grpc::ServerContext* context, const v1::Roster* request,
                                   v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/Update",
                    [&](const rpc::Call& call) { return HandleUpdate(call, *request, reply); });
}

grpc::Status RosterService::Patch(grpc::ServerContext* context, const v1::Roster* request,
                                  v1::Reply*) {
  return rpc::Serve(context, "RosterService/Patch", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow own, Own(call, *request, v1::NOT_FOUND));
    CHAT_ASSIGN_OR_RETURN(const RosterPatch patch, PatchOf(*request));
    return Write(call, own, patch, v1::Roster::PATCH);
  });
}

grpc::Status RosterService::Nick(grpc::ServerContext* context, const v1::Roster* request,
                                 v1::Reply*) {
  return rpc::Serve(context, "RosterService/Nick", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow own, Own(call, *request, v1::NOT_FOUND));
    CHAT_ASSIGN_OR_RETURN(const RosterPatch patch, NickOf(*request));
    return Write(call, own, patch, v1::Roster::NICK);
  });
}

grpc::Status RosterService::List(grpc::ServerContext* context, const v1::Roster*,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/List", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters, All(call));
    v1::Io& io = *reply->add_records()->mutable_io();
    for (const RosterRow& row : rosters) {
      *io.mutable_list()->add_records()->mutable_roster() =
          RosterHeader(row, v1::Roster::STATUS_UNSET);
    }
    io.set_nothing("");
    return absl::OkStatus();
  });
}

absl::Status RosterService::HandleCreate(const rpc::Call& call, const v1::Roster& request,
                                         v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(RosterPatch patch, PatchOf(request));
  patch.nick.reset();  // PROTOCOL 5.4: create has none
  const auto notices = [](const RosterRow& row) {
    return std::vector<v1::Change>{Projection(row), RostersChanged(row, v1::Roster::CREATE)};
  };
  const AccountId account{call.caller.account_id()};
  // A repetition of the PUBLISH that made a roster is answered with that one (PROTOCOL O3).
  const RosterStore::NewRoster wanted{account, patch, rpc::PacketKey(call.caller),
                                      call.caller.packet().dup(), rosters_per_phone_};
  absl::StatusOr<RosterRow> made = store_.Create(call.deadline, wanted, notices);
  if (absl::IsResourceExhausted(made.status())) {
    return rpc::Refuse(v1::PERMISSION_DENIED, "Roster: the account has as many as it may");
  }
  if (absl::IsNotFound(made.status())) {
    return rpc::Refuse(v1::PROFILE_NOT_FOUND, "Roster: there is no such account");
  }
  CHAT_RETURN_IF_ERROR(made.status());
  CHAT_RETURN_IF_ERROR(store_.DeliverAccount(call.deadline, account));
  *reply->add_records()->mutable_roster() = RosterHeader(*made, v1::Roster::CREATE);
  return absl::OkStatus();
}

grpc::Status RosterService::Create(grpc::ServerContext* context, const v1::Roster* request,
                                   v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/Create",
                    [&](const rpc::Call& call) { return HandleCreate(call, *request, reply); });
}

grpc::Status RosterService::Add(grpc::ServerContext* context, const v1::Roster* request,
                                v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/Add", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow own, Own(call, *request, v1::ROSTER_NOT_FOUND));
    return contacts_.Add(call, own, *request, reply);
  });
}

grpc::Status RosterService::Del(grpc::ServerContext* context, const v1::Roster* request,
                                v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/Del", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow own, Own(call, *request, v1::ROSTER_NOT_FOUND));
    return contacts_.Del(call, own, *request, reply);
  });
}

grpc::Status RosterService::Remove(grpc::ServerContext* context, const v1::Roster* request,
                                   v1::Reply* reply) {
  return rpc::Serve(context, "RosterService/Remove", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(All(call).status());
    CHAT_ASSIGN_OR_RETURN(const RosterRow own, Own(call, *request, v1::ROSTER_NOT_FOUND));
    return contacts_.RemoveRoster(call, own, reply);
  });
}

}  // namespace chat::roster
