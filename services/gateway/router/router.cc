#include "services/gateway/router/router.h"

#include <algorithm>
#include <functional>

#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/bert/decode.h"
#include "libs/wire/translator.h"

namespace chat::gateway {

namespace pb = google::protobuf;

namespace {

// The name of the tuple, if it has one.
std::string TagOf(const bert::Term& term) {
  const std::vector<bert::Term>* tuple = term.AsTuple();
  if (tuple == nullptr || tuple->empty()) return "";
  return std::string((*tuple)[0].AsAtom().value_or(""));
}

// PROTOCOL 4.1 step 4 for a request that no route serves: what the connection's state lets it know.
v1::ErrorCode UnroutedCode(const std::string& tag, rules::State state) {
  if (state == rules::AUTHENTICATED) return v1::INVALID_DATA;
  if (state == rules::REGISTERING && tag == "Auth") return v1::INVALID_DATA;
  return v1::NOT_AUTHORIZED;
}

bool IsOwn(const pb::FieldDescriptor& field, const pb::Message& message, const v1::Caller& caller) {
  const pb::Reflection& from = *message.GetReflection();
  if (!from.HasField(message, &field)) return true;  // not given: the own one
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_INT64) {
    const int64_t id = from.GetInt64(message, &field);
    return std::any_of(caller.rosters().begin(), caller.rosters().end(),
                       [&](const v1::OwnRoster& own) { return own.id() == id; });
  }
  std::string scratch;
  const std::string& text = from.GetStringReference(message, &field, &scratch);
  if (NormalisePhone(text) == caller.phone()) return true;
  return std::any_of(caller.rosters().begin(), caller.rosters().end(),
                     [&](const v1::OwnRoster& own) { return own.phone_id() == text; });
}

}  // namespace

std::variant<Routed, Refused> RouteRequest(std::string_view payload, const bert::Limits& limits,
                                           const v1::Caller& caller) {
  bert::DecodeResult decoded = bert::Decode(payload, limits);
  if (!decoded.ok()) return Refused{v1::INVALID_DATA, decoded.error(), ""};
  const std::string tag = TagOf(decoded.term());
  auto record = wire::Read(decoded.term());
  if (!record.ok()) {
    const bool known = record.status().code() != absl::StatusCode::kNotFound;
    return Refused{v1::INVALID_DATA, Message(record.status()), known ? tag : ""};
  }
  const wire::Route* route = record->unknown_selector
                                 ? nullptr
                                 : wire::RouteTable::Get().Find(*record->type, *record->message);
  if (route == nullptr) {
    return Refused{UnroutedCode(tag, caller.state()), "no such request", tag};
  }
  if (std::find(route->states.begin(), route->states.end(), caller.state()) ==
      route->states.end()) {
    const bool anonymous = caller.state() == rules::ANONYMOUS;
    return Refused{anonymous ? v1::NOT_AUTHORIZED : route->refused, "not in this state", tag};
  }
  for (const pb::FieldDescriptor* field : route->own) {
    if (!IsOwn(*field, *record->message, caller)) {
      return Refused{route->not_own, field->name() + ": not the caller's own", tag, true};
    }
  }
  return Routed{route, std::move(record->message)};
}

uint64_t FeedHash(const wire::Route& route, const pb::Message& request, const v1::Caller& caller) {
  std::string feed;
  const auto* message = dynamic_cast<const v1::Message*>(&request);
  if (message == nullptr) return 1;
  if (message->has_muc()) {
    feed = message->muc().name();
  } else if (message->has_p2p()) {
    feed = std::min(message->p2p().from(), message->p2p().to()) + "/" +
           std::max(message->p2p().from(), message->p2p().to());
  } else {
    std::string from = message->from();
    if (from.empty() && caller.rosters_size() > 0) from = caller.rosters(0).phone_id();
    feed = PhoneId::Parse(message->to())
               ? std::min(from, message->to()) + "/" + std::max(from, message->to())
               : message->to();
  }
  return std::hash<std::string>()(feed) | 1;
}

}  // namespace chat::gateway
