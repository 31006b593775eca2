#include "libs/client/request.h"

#include "libs/wire/translator.h"

namespace chat::client {

std::string ReplyTopic(std::string_view client_id, std::string_view module) {
  std::string topic = "actions/1/";
  topic.append(module).append("/").append(client_id);
  return topic;
}

std::string Payload(const google::protobuf::Message& record) {
  std::string payload;
  wire::Write(record, &payload);
  return payload;
}

}  // namespace chat::client
