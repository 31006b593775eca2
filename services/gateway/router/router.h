// From the payload of a request to the gRPC method that serves it: PROTOCOL 4.1 steps 1 to 6. Pure.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "chat/v1/call.pb.h"
#include "libs/bert/limits.h"
#include "libs/wire/route_table.h"

namespace chat::gateway {

struct Routed {
  const wire::Route* route = nullptr;
  std::unique_ptr<google::protobuf::Message> request;
};

struct Refused {
  v1::ErrorCode code = v1::INVALID_DATA;
  std::string why;       // for the log; never quotes the payload
  std::string record;    // tag, or "" where the payload names none: the label in metrics
  bool not_own = false;  // only because something is not among what `caller` says is its own
};

// `caller` says state and what is "own". Thread safe.
std::variant<Routed, Refused> RouteRequest(std::string_view payload, const bert::Limits& limits,
                                           const v1::Caller& caller);

// What chooses the replica of the ordered lane: equal for all that names the same feed.
uint64_t FeedHash(const wire::Route& route, const google::protobuf::Message& request,
                  const v1::Caller& caller);

}  // namespace chat::gateway
