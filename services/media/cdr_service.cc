#include "services/media/cdr_service.h"

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/media/call_rules.h"

namespace chat::media {
namespace {

constexpr int64_t kNewest = 100;  // PROTOCOL O27

// The own phone id as it is now, wherever an older one of the same roster stands.
void Refresh(const v1::Caller& caller, std::string* phone_id) {
  const std::optional<PhoneId> was = PhoneId::Parse(*phone_id);
  for (const v1::OwnRoster& own : caller.rosters()) {
    if (was && own.id() == was->roster.value) *phone_id = own.phone_id();
  }
}

}  // namespace

grpc::Status CdrService::Put(grpc::ServerContext* context, const v1::Cdr* request,
                             v1::Reply* reply) {
  return rpc::Serve(context, "CdrService/Put", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(std::string id, Put(call, *request));
    reply->add_records()->mutable_io()->mutable_ok()->set_text(id);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> CdrService::Put(const rpc::Call& call, const v1::Cdr& cdr) {
  CHAT_ASSIGN_OR_RETURN(FeedHalf half, HalfOf(call.caller, cdr));
  NewCdr added;
  added.account = AccountId{call.caller.account_id()};
  if (half.room) {
    added.topic = added.feed = "room/" + half.peer;
    CHAT_ASSIGN_OR_RETURN(bool member, feeds_.MayRead(call, added.account, added.topic));
    if (!member) return rpc::Refuse(v1::INVALID_DATA, "CDR.feed: not a member of the room");
  } else {
    CHAT_ASSIGN_OR_RETURN(std::optional<AccountId> peer,
                          feeds_.Friend(call, RosterId{half.own.id()}, half.peer));
    if (!peer) return rpc::Refuse(v1::INVALID_DATA, "CDR.feed: not friends");
    added.topic = P2pTopic(half.own.phone_id(), half.peer);
    added.feed = P2pKey(half.own.id(), PhoneId::Parse(half.peer)->roster.value);
  }
  CHAT_RETURN_IF_ERROR(CheckCdr(cdr));
  added.record = cdr;
  added.record.set_from(half.own.phone_id());
  added.record.set_to(half.peer);
  if (half.room) {
    added.record.mutable_muc()->set_name(half.peer);
  } else {
    *added.record.mutable_p2p() = SortedPair(half.own.phone_id(), half.peer);
  }
  added.record.set_duration(cdr.duration());
  auto id = store_.Put(call.deadline, added, per_day_);
  if (!absl::IsResourceExhausted(id.status())) return id;
  return rpc::Refuse(v1::TOO_MANY, "too many call records today");
}

grpc::Status CdrService::Get(grpc::ServerContext* context, const v1::Cdr*, v1::Reply* reply) {
  return rpc::Serve(context, "CdrService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(
        std::vector<v1::Cdr> newest,
        store_.Newest(call.deadline, AccountId{call.caller.account_id()}, kNewest));
    v1::RecordList& list = *reply->add_records()->mutable_io()->mutable_list();
    for (v1::Cdr& cdr : newest) {
      if (cdr.has_from()) Refresh(call.caller, cdr.mutable_from());
      if (cdr.has_to()) Refresh(call.caller, cdr.mutable_to());
      if (cdr.has_p2p()) {
        Refresh(call.caller, cdr.mutable_p2p()->mutable_from());
        Refresh(call.caller, cdr.mutable_p2p()->mutable_to());
        *cdr.mutable_p2p() = SortedPair(cdr.p2p().from(), cdr.p2p().to());
      }
      *list.add_records()->mutable_cdr() = std::move(cdr);
    }
    return absl::OkStatus();
  });
}

}  // namespace chat::media
