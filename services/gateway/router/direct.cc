#include "services/gateway/router/direct.h"

#include <algorithm>
#include <string>

#include "chat/v1/records.pb.h"
#include "libs/bert/decode.h"
#include "libs/wire/translator.h"

namespace chat::gateway {

namespace {

bool IsOwn(const v1::Caller& caller, const std::string& phone_id) {
  return std::any_of(caller.rosters().begin(), caller.rosters().end(),
                     [&](const v1::OwnRoster& own) { return own.phone_id() == phone_id; });
}

// Records of PROTOCOL 3.15 that are not served: no client may make them look like the server's.
bool IsExtension(std::string_view tag) {
  return tag == "Presence" || tag == "Ack" || tag == "Link" || tag == "act" || tag == "Job";
}

// The record that may be relayed, with the caller as its author.
bool IsOwnSignal(const google::protobuf::Message& record, const v1::Caller& caller) {
  if (const auto* typing = dynamic_cast<const v1::Typing*>(&record)) {
    return IsOwn(caller, typing->author());
  }
  if (const auto* call = dynamic_cast<const v1::Call*>(&record)) return IsOwn(caller, call->from());
  return dynamic_cast<const v1::Loc*>(&record) != nullptr;  // names no author
}

}  // namespace

DirectKind ClassifyDirect(std::string_view payload, const bert::Limits& limits,
                          const v1::Caller& caller) {
  const bert::DecodeResult decoded = bert::Decode(payload, limits);
  if (!decoded.ok()) return DirectKind::kMalformed;
  const std::vector<bert::Term>* tuple = decoded.term().AsTuple();
  if (tuple == nullptr || tuple->empty()) return DirectKind::kTerm;
  const auto tag = (*tuple)[0].AsAtom();
  if (tag && IsExtension(*tag)) return DirectKind::kDropped;
  if (!tag || wire::RecordTable::Get().ByTag(std::string(*tag)) == nullptr) {
    return DirectKind::kTerm;
  }
  auto record = wire::Read(decoded.term());
  if (!record.ok()) return DirectKind::kDropped;
  const auto* message = dynamic_cast<const v1::Message*>(record->message.get());
  if (message != nullptr) {
    return message->status() == v1::Message::CLIENT ? DirectKind::kRequest : DirectKind::kDropped;
  }
  return IsOwnSignal(*record->message, caller) ? DirectKind::kTerm : DirectKind::kDropped;
}

}  // namespace chat::gateway
