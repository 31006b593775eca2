// How a client addresses the server (PROTOCOL 1.3).
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace chat::client {

// The usual form: node, client and token empty; the identity is the connection's.
inline constexpr std::string_view kRequestTopic = "events/1//api/anon//";

// The topic of answers to this client: `actions/1/<module>/<client id>`.
std::string ReplyTopic(std::string_view client_id, std::string_view module = "api");

// The payload of a record of chat.v1, as wire::Write.
std::string Payload(const google::protobuf::Message& record);

}  // namespace chat::client
