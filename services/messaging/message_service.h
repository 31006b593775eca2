// The RPCs of Message (PROTOCOL 5.6.1 to 5.6.3). A send is checked, then given to the batcher; the
// unary RPC and the ordered lane use the same Sender.
#pragma once

#include <functional>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/messaging/batcher.h"
#include "services/messaging/editor.h"
#include "services/messaging/object_links.h"

namespace chat::messaging {

class Sender {
 public:
  using Done = std::function<void(absl::StatusOr<v1::Reply>)>;

  // Both outlive it.
  Sender(Batcher& batcher, const ObjectLinks& links) : batcher_(batcher), links_(links) {}
  // Answers once, by the call's deadline, here, on a thread of the batcher or of gRPC. The reply is
  // empty for a stored message; for a repeated one it holds the message of the first time; for an
  // upload with parts to come it holds it with the links to PUT them to (PROTOCOL O24).
  void Client(const rpc::Call& call, const v1::Message& request, Done done);

 private:
  void Answer(const rpc::Call& call, SendResult result, Done done) const;

  Batcher& batcher_;
  const ObjectLinks& links_;
};

class MessageService : public v1::MessageService::Service {
 public:
  MessageService(Sender& sender, Editor& editor) : sender_(sender), editor_(editor) {}
  grpc::Status Client(grpc::ServerContext* context, const v1::Message* request,
                      v1::Reply* reply) override;
  grpc::Status Upload(grpc::ServerContext* context, const v1::Message* request,
                      v1::Reply* reply) override;
  grpc::Status Complete(grpc::ServerContext* context, const v1::Message* request,
                        v1::Reply* reply) override;
  grpc::Status Edit(grpc::ServerContext* context, const v1::Message* request,
                    v1::Reply* reply) override;

 private:
  grpc::Status Send(grpc::ServerContext* context, const char* method, const v1::Message* request,
                    v1::Reply* reply);

  Sender& sender_;
  Editor& editor_;
};

}  // namespace chat::messaging
