#include "services/roster/friend_service.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/packet_key.h"
#include "libs/rpc/refusal.h"
#include "services/roster/friend_change.h"

namespace chat::roster {
namespace {

v1::Ok Added() {
  v1::Ok ok;
  ok.set_atom("added");
  return ok;
}

v1::Error Missing(const char* code) {
  v1::Error error;
  error.set_code(code);
  return error;
}

// {io,R1,R2}
void SetResults(bool party, bool counterparty, v1::Io& io) {
  const char* code = party || counterparty ? "contact_not_found" : "contacts_not_found";
  if (party) {
    *io.mutable_ok() = Added();
  } else {
    *io.mutable_error() = Missing(code);
  }
  if (counterparty) {
    *io.mutable_second_ok() = Added();
  } else {
    *io.mutable_second_error() = Missing(code);
  }
}

absl::Status SetAnswer(Answer answer, const std::string& friend_id, v1::Reply& reply) {
  switch (answer) {
    case Answer::kNothing:
      return absl::OkStatus();
    case Answer::kAlreadyPresent: {
      v1::Io& io = *reply.add_records()->mutable_io();
      io.mutable_ok()->mutable_pair()->set_atom("already_present");
      io.mutable_ok()->mutable_pair()->set_text(friend_id);
      io.set_nothing("");
      return absl::OkStatus();
    }
    case Answer::kBothAdded:
    case Answer::kPartyAdded:
    case Answer::kCounterpartyAdded:
    case Answer::kNeitherAdded:
      SetResults(answer == Answer::kBothAdded || answer == Answer::kPartyAdded,
                 answer == Answer::kBothAdded || answer == Answer::kCounterpartyAdded,
                 *reply.add_records()->mutable_io());
      return absl::OkStatus();
    case Answer::kInvalidData:
      return rpc::Refuse(v1::INVALID_DATA, "Friend: asked already");
    case Answer::kPermissionDenied:
      return rpc::Refuse(v1::PERMISSION_DENIED, "Friend: the bans of the pair do not allow it");
    case Answer::kContactNotFound:
      return rpc::Refuse(v1::CONTACT_NOT_FOUND, "Friend.friend_id: no such contact");
  }
  return absl::InternalError("Friend: an answer that is none");
}

}  // namespace

FriendService::FriendService(RosterStore& store, Presence& presence, int64_t requests_per_day)
    : store_(store),
      presence_(presence),
      requests_per_day_(requests_per_day),
      too_many_requests_(metrics::Counter("chat_roster_limited_total",
                                          "Requests refused by a limit.",
                                          {{"limit", "friend_requests_per_day"}})) {}

absl::StatusOr<std::optional<RosterRow>> FriendService::Named(const rpc::Call& call,
                                                              const PhoneId& id) {
  CHAT_ASSIGN_OR_RETURN(std::optional<RosterRow> row, store_.Find(call.deadline, id.roster));
  if (row && row->phone != id.phone) row.reset();
  return row;
}

absl::StatusOr<RosterRow> FriendService::Party(const rpc::Call& call, const v1::Friend& request) {
  const absl::Status refused = rpc::Refuse(v1::NOT_AUTHORIZED, "Friend.phone_id: not the caller's");
  const std::optional<PhoneId> id = PhoneId::Parse(request.phone_id());
  if (!id) return refused;
  CHAT_ASSIGN_OR_RETURN(std::optional<RosterRow> row, Named(call, *id));
  if (!row || row->account.value != call.caller.account_id()) return refused;
  return *std::move(row);
}

absl::Status FriendService::CheckRequests(const rpc::Call& call, AccountId account) {
  CHAT_ASSIGN_OR_RETURN(const bool within,
                        store_.CountRequest(call.deadline, account, requests_per_day_));
  if (within) return absl::OkStatus();
  too_many_requests_.Increment();
  return absl::ResourceExhaustedError("Friend.status: too many requests today");
}

absl::StatusOr<Answer> FriendService::Change(const rpc::Call& call, Verb verb,
                                             const RosterRow& party,
                                             const RosterRow& counterparty) {
  // Asked before the lock: no lock outlives a wait for Redis.
  const std::vector<bool> online =
      presence_.Online(std::array{party.account, counterparty.account});
  const FriendRequest asked{
      verb, rpc::PacketKey(call.caller), call.caller.packet().dup(), {online[0], online[1]}};
  Answer answer = Answer::kNothing;
  const auto decide = [&](const LockedPair& pair) {
    PairWrite write = ChangeFriendship(pair, asked);
    answer = write.answer;
    return write;
  };
  CHAT_RETURN_IF_ERROR(store_.ChangePair(call.deadline, party.id, counterparty.id, decide));
  // A repeat that changes nothing waits as well: success means that messaging knows.
  CHAT_RETURN_IF_ERROR(store_.DeliverPair(call.deadline, party.id, counterparty.id));
  return answer;
}

absl::Status FriendService::Handle(const rpc::Call& call, Verb verb, const v1::Friend& request,
                                   v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(const RosterRow party, Party(call, request));
  const std::optional<PhoneId> friend_id = PhoneId::Parse(request.friend_id());
  if (!friend_id || friend_id->roster == party.id) {
    return rpc::Refuse(v1::INVALID_DATA, "Friend.friend_id: malformed or the own one");
  }
  if (verb == Verb::kRequest) CHAT_RETURN_IF_ERROR(CheckRequests(call, party.account));
  CHAT_ASSIGN_OR_RETURN(const std::optional<RosterRow> peer, Named(call, *friend_id));
  if (!peer && verb == Verb::kRequest) {
    return rpc::Refuse(v1::ROSTER_NOT_FOUND, "Friend.friend_id: there is no such roster");
  }
  // To every other verb a roster that does not exist is a stranger.
  Answer answer = Decide(Pair(), verb).answer;
  if (peer) {
    CHAT_ASSIGN_OR_RETURN(answer, Change(call, verb, party, *peer));
  }
  return SetAnswer(answer, request.friend_id(), *reply);
}

grpc::Status FriendService::Serve(grpc::ServerContext* context, const char* method, Verb verb,
                                  const v1::Friend& request, v1::Reply* reply) {
  return rpc::Serve(context, method,
                    [&](const rpc::Call& call) { return Handle(call, verb, request, reply); });
}

grpc::Status FriendService::Request(grpc::ServerContext* context, const v1::Friend* request,
                                    v1::Reply* reply) {
  return Serve(context, "FriendService/Request", Verb::kRequest, *request, reply);
}
grpc::Status FriendService::Confirm(grpc::ServerContext* context, const v1::Friend* request,
                                    v1::Reply* reply) {
  return Serve(context, "FriendService/Confirm", Verb::kConfirm, *request, reply);
}
grpc::Status FriendService::Revoke(grpc::ServerContext* context, const v1::Friend* request,
                                   v1::Reply* reply) {
  return Serve(context, "FriendService/Revoke", Verb::kRevoke, *request, reply);
}
grpc::Status FriendService::Ban(grpc::ServerContext* context, const v1::Friend* request,
                                v1::Reply* reply) {
  return Serve(context, "FriendService/Ban", Verb::kBan, *request, reply);
}
grpc::Status FriendService::Unban(grpc::ServerContext* context, const v1::Friend* request,
                                  v1::Reply* reply) {
  return Serve(context, "FriendService/Unban", Verb::kUnban, *request, reply);
}
grpc::Status FriendService::Mute(grpc::ServerContext* context, const v1::Friend* request,
                                 v1::Reply* reply) {
  return Serve(context, "FriendService/Mute", Verb::kMute, *request, reply);
}
grpc::Status FriendService::Unmute(grpc::ServerContext* context, const v1::Friend* request,
                                   v1::Reply* reply) {
  return Serve(context, "FriendService/Unmute", Verb::kUnmute, *request, reply);
}

}  // namespace chat::roster
