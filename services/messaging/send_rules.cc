#include "services/messaging/send_rules.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/object_refs.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

absl::Status Invalid(std::string_view why) { return rpc::Refuse(v1::INVALID_DATA, why); }
absl::Status Denied(std::string_view why) { return rpc::Refuse(v1::PERMISSION_DENIED, why); }

absl::StatusOr<v1::OwnRoster> Author(const v1::Caller& caller, const v1::Message& request) {
  if (!request.has_from()) {
    if (caller.rosters().empty()) return Denied("Message.from: the caller has no roster");
    return caller.rosters(0);
  }
  for (const v1::OwnRoster& own : caller.rosters()) {
    if (own.phone_id() == request.from()) return own;
  }
  return Denied("Message.from: not the caller's");
}

// The peer that feed_id and to name together, for a feed that contains `from`.
absl::StatusOr<std::string> Peer(const v1::Message& request, const std::string& from) {
  if (request.has_p2p()) {
    const v1::P2p& feed = request.p2p();
    if (feed.from() != from && feed.to() != from) {
      return Invalid("Message.feed_id: does not contain from");
    }
    const std::string& other = feed.from() == from ? feed.to() : feed.from();
    if (request.has_to() && request.to() != other) {
      return Invalid("Message.to: not the other half of feed_id");
    }
    return other;
  }
  if (request.has_muc()) {
    if (request.has_to() && request.to() != request.muc().name()) {
      return Invalid("Message.to: not the room of feed_id");
    }
    return request.muc().name();
  }
  if (!request.has_to()) return Invalid("Message.to: neither feed_id nor to is given");
  return request.to();
}

std::string Body(AccountId author, const v1::Message& request) {
  v1::Message body;
  if (request.has_container()) body.set_container(request.container());
  if (!request.msg_id().empty()) body.set_msg_id(request.msg_id());
  *body.mutable_files() = request.files();
  NameObjects(author, body.mutable_files());
  if (request.status() == v1::Message::UPLOAD) {  // PROTOCOL O24: a part that is to come is empty
    for (v1::Desc& desc : *body.mutable_files()) desc.set_payload(desc.payload());
  }
  if (request.has_type()) body.set_type(request.type());
  if (request.has_edit_msg()) body.set_edit_msg(request.edit_msg());
  return body.SerializeAsString();
}

void AppendNumber(uint64_t value, int bytes, std::string* out) {
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}

std::string DupKey(const v1::Caller& caller, int64_t epoch) {
  std::string key;
  AppendNumber(static_cast<uint64_t>(caller.session_id()), 8, &key);
  AppendNumber(static_cast<uint64_t>(epoch), 8, &key);
  AppendNumber(caller.packet().id(), 4, &key);
  return key + caller.packet().hash();
}

}  // namespace

absl::Status CheckFiles(const v1::Message& request, bool may_be_empty) {
  if (request.files().empty()) return Invalid("Message.files: empty");
  for (const v1::Desc& desc : request.files()) {
    if (desc.payload().empty() && !may_be_empty) return Invalid("Desc.payload: empty");
    if (desc.size() < 0) return Invalid("Desc.size: negative");
  }
  return absl::OkStatus();
}

absl::StatusOr<Send> CheckSend(const v1::Caller& caller, const v1::Message& request) {
  CHAT_ASSIGN_OR_RETURN(v1::OwnRoster author, Author(caller, request));
  CHAT_ASSIGN_OR_RETURN(std::string peer, Peer(request, author.phone_id()));
  const bool upload = request.status() == v1::Message::UPLOAD;
  CHAT_RETURN_IF_ERROR(CheckFiles(request, upload));
  if (upload && request.msg_id().empty()) return Invalid("Message.msg_id: missing");
  const bool person = PhoneId::Parse(peer).has_value();
  if (person ? request.has_muc() : request.has_p2p() || !IsRoomId(peer)) {
    return Denied("Message.to: unknown peer or room");
  }

  Send send;
  send.account = AccountId{caller.account_id()};
  send.author = RosterId{author.id()};
  send.feed = person ? P2pTopic(SortedPair(author.phone_id(), peer)) : "room/" + peer;
  send.peer = std::move(peer);
  send.msg_id = request.msg_id();
  if (send.msg_id.empty() && caller.has_packet() && caller.session_id() != 0) {
    send.dup_key = DupKey(caller, caller.epoch());
    if (caller.packet().dup()) {
      send.dup_find = send.dup_key;
      send.dup_before = DupKey(caller, caller.epoch() - 1);
    }
  }
  if (request.has_created()) send.created = request.created();
  if (upload) send.status = v1::Message::LINK;
  send.body = Body(send.account, request);
  send.client_id = caller.client_id();
  send.session = caller.session_id();
  send.epoch = caller.epoch();
  return send;
}

}  // namespace chat::messaging
