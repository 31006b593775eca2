// chat-media as messaging needs it: links of objects are made when a message is sent or read, never
// stored (PROTOCOL O16, O24). A message without objects never leaves messaging. Thread safe.
#pragma once

#include <absl/status/statusor.h>
#include <grpcpp/channel.h>

#include <functional>
#include <memory>
#include <vector>

#include "chat/v1/media.grpc.pb.h"
#include "libs/base/ids.h"
#include "libs/rpc/call.h"

namespace chat::messaging {

class ObjectLinks {
 public:
  explicit ObjectLinks(std::shared_ptr<grpc::Channel> media);

  // Puts a link that reads it into every part with an object. Blocks for 2 s at most; without
  // chat-media payloads stay as they are and it is counted. What is no object of its author keeps
  // what the author wrote.
  void Fill(const rpc::Call& call, google::protobuf::Message* record) const;
  void Fill(const rpc::Call& call, const std::vector<google::protobuf::Message*>& records) const;
  // The same without blocking: `done` runs once, here or on a thread of gRPC.
  void FillLater(const rpc::Call& call, v1::Message message,
                 std::function<void(v1::Message)> done) const;

  // An upload as its author gets it: the parts without payload have the links to PUT them to.
  // Refused: too_many; kUnavailable. `done` as above.
  using Prepared = std::function<void(absl::StatusOr<v1::Message>)>;
  void Prepare(const rpc::Call& call, AccountId author, v1::Message message, Prepared done) const;

  // The parts of a `complete` by the author: those that are objects are named and have their size.
  // Refused: invalid_data, too_many. Blocks.
  absl::Status Complete(const rpc::Call& call, AccountId author, v1::Message* request) const;

 private:
  std::shared_ptr<v1::MediaInternal::Stub> stub_;
};

}  // namespace chat::messaging
