// The route table: (record, selector) -> gRPC method, with who may call it, read once at start from
// the options on the methods of the services in protos/chat/v1. PROTOCOL 4.1 steps 4 to 6.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bert/options.pb.h"
#include "chat/v1/call.pb.h"
#include "libs/wire/record_table.h"
#include "rules/options.pb.h"

namespace chat::wire {

struct Route {
  std::string name;     // "Friend/request", "Typing/" as in PROTOCOL; the label in metrics
  std::string path;     // "/chat.v1.FriendService/Request"
  std::string service;  // process that serves it: "roster"
  const RecordType* record = nullptr;
  std::vector<rules::State> states;
  v1::ErrorCode refused = v1::NOT_AUTHORIZED;  // for a connection in another state
  std::vector<const google::protobuf::FieldDescriptor*> own;
  v1::ErrorCode not_own = v1::NOT_AUTHORIZED;
  bool token = false;
  std::string ordered_by;  // slot name; not empty: goes over the ordered lane
};

class RouteTable {
 public:
  // Refuses a duplicate route, an unknown selector atom, error atom or field, a request that is no
  // record, a reply that is not chat.v1.Reply.
  static absl::StatusOr<std::unique_ptr<RouteTable>> Build();
  static const RouteTable& Get();

  // By the selector value of the message; nullptr for none.
  const Route* Find(const RecordType& type, const google::protobuf::Message& message) const;
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  // One line a route. What tests/contract/routes.golden pins.
  std::string Describe() const;

 private:
  friend class RouteTableBuilder;
  std::vector<std::unique_ptr<Route>> routes_;
  std::map<std::pair<const RecordType*, int>, const Route*> by_key_;
};

// The atom of an error code, and back (ERROR_CODE_UNSET for an unknown atom).
const std::string& AtomOf(v1::ErrorCode code);
v1::ErrorCode ErrorOf(const std::string& atom);

}  // namespace chat::wire
