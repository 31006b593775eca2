// The services behind the gateway: asynchronous calls by route, and the few typed ones of sessions.
// Nothing here blocks; every call has a deadline.
#pragma once

#include <absl/status/status.h>
#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "chat/v1/auth.grpc.pb.h"
#include "chat/v1/gateway.grpc.pb.h"
#include "chat/v1/messaging.grpc.pb.h"
#include "chat/v1/open.grpc.pb.h"
#include "chat/v1/profile.grpc.pb.h"
#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/call.h"
#include "libs/wire/route_table.h"
#include "services/gateway/config.h"
#include "services/gateway/router/lanes.h"

namespace chat::gateway {

class Backends {
 public:
  using Done = std::function<void(absl::Status, v1::Reply)>;

  explicit Backends(const GatewayConfig& config);
  // Waits until every call under way has been answered; deadlines bound it.
  ~Backends();

  // Serves a request. `done` is called once, on any thread. `lane`: what LaneFor() said; on one the
  // request waits for Flush().
  void Call(const wire::Route& route, const google::protobuf::Message& request, v1::Caller caller,
            uint64_t lane, Done done);
  // Sends what waits on the lanes: each write carries what gathered in a turn of an event loop.
  void Flush() { lanes_->Flush(); }
  // The lane for this hash: may change as replicas come and go. 0: none.
  uint64_t LaneFor(uint64_t hash) const { return lanes_->For(hash); }

  // One typed call: `start` is e.g. [&](auto... a) { stub.async()->Connect(a...); }.
  template <typename Request, typename Response, typename Start>
  void Ask(Request request, Start start, std::function<void(absl::Status, Response)> done) {
    Ask<Request, Response>(std::move(request), start, timeout_, std::move(done));
  }
  template <typename Request, typename Response, typename Start>
  void Ask(Request request, Start start, std::chrono::milliseconds timeout,
           std::function<void(absl::Status, Response)> done) {
    struct State {
      grpc::ClientContext context;
      Request request;
      Response response;
    };
    auto state = std::make_shared<State>();
    state->request = std::move(request);
    rpc::ToClientContext(rpc::Background(timeout), &state->context);
    state->context.set_deadline(std::chrono::system_clock::now() + timeout);
    start(&state->context, &state->request, &state->response,
          [state, hold = Hold(), done = std::move(done)](grpc::Status status) {
            done(rpc::FromGrpc(status), std::move(state->response));
          });
  }

  v1::AuthInternal::Stub& auth() { return *auth_; }
  v1::ProfileInternal::Stub& profile() { return *profile_; }
  v1::OpenTopicsInternal::Stub& open() { return *open_; }
  v1::RosterInternal::Stub& roster() { return *roster_; }
  v1::DeliveryInternal::Stub& delivery() { return *delivery_; }
  v1::FeedsInternal::Stub& feeds() { return *feeds_; }
  // A stub to another gateway; kept for the next time.
  std::shared_ptr<v1::GatewayInternal::Stub> gateway(const std::string& address);

  // Fails calls over their deadline. A few times a second.
  void Expire();

 private:
  // Counts a call as under way for as long as the result lives.
  std::shared_ptr<void> Hold();

  std::chrono::milliseconds timeout_;
  std::mutex calls_mutex_;
  std::condition_variable no_calls_;
  size_t calls_ = 0;
  std::map<std::string, std::unique_ptr<grpc::GenericStub>> services_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<v1::AuthInternal::Stub> auth_;
  std::unique_ptr<v1::ProfileInternal::Stub> profile_;
  std::unique_ptr<v1::RosterInternal::Stub> roster_;
  std::unique_ptr<v1::OpenTopicsInternal::Stub> open_;
  std::unique_ptr<v1::DeliveryInternal::Stub> delivery_;
  std::unique_ptr<v1::FeedsInternal::Stub> feeds_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<v1::GatewayInternal::Stub>> gateways_;
};

}  // namespace chat::gateway
