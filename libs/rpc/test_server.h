// For tests: a server with one service whose answers the test gives, on a free port of loopback.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/rpc/call.h"
#include "libs/rpc/server.h"

namespace chat::rpc {

class TestServer : public v1::FeedsInternal::Service {
 public:
  using Body =
      std::function<absl::Status(const Call&, const v1::FeedAccessRequest&, v1::FeedAccessReply*)>;

  explicit TestServer(Body body, int running = 8, int waiting = 0) : body_(std::move(body)) {
    grpc::ServerBuilder builder;
    Configure(builder, "127.0.0.1:0", {running, waiting}, &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~TestServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status Access(grpc::ServerContext* context, const v1::FeedAccessRequest* request,
                      v1::FeedAccessReply* reply) override {
    return Serve(context, "FeedsInternal/Access",
                 [&](const Call& call) { return body_(call, *request, reply); });
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  Body body_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace chat::rpc
