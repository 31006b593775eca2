#include "services/gateway/router/backends.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include "libs/rpc/channel.h"
#include "services/gateway/router/ordered_lane.h"

namespace chat::gateway {

namespace {

// Calls under way on one ordered lane; more are refused with `too_many`.
constexpr size_t kMaxOrderedCalls = 20'000;

struct Unary {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

}  // namespace

Backends::Backends(const GatewayConfig& config) : timeout_(config.call_timeout_ms) {
  const std::pair<const char*, const std::vector<std::string>*> services[] = {
      {"auth", &config.auth_addrs},     {"profile", &config.profile_addrs},
      {"roster", &config.roster_addrs}, {"messaging", &config.messaging_addrs},
      {"room", &config.room_addrs},     {"media", &config.media_addrs},
  };
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels;
  for (const auto& [name, addresses] : services) {
    channels[name] = rpc::RoundRobin(*addresses);
    services_[name] = std::make_unique<grpc::GenericStub>(channels[name]);
  }
  lanes_ = std::make_unique<Lanes>(
      config.messaging_addrs,
      [](const std::string& address) {
        return std::make_unique<OrderedLane>(rpc::Direct(address), kMaxOrderedCalls);
      },
      rpc::AddressesOf);
  lanes_->Start();
  auth_ = v1::AuthInternal::NewStub(channels["auth"]);
  profile_ = v1::ProfileInternal::NewStub(channels["profile"]);
  open_ = v1::OpenTopicsInternal::NewStub(channels["messaging"]);
  roster_ = v1::RosterInternal::NewStub(channels["roster"]);
  delivery_ = v1::DeliveryInternal::NewStub(channels["messaging"]);
  feeds_ = v1::FeedsInternal::NewStub(channels["messaging"]);
}

Backends::~Backends() {
  lanes_.reset();
  std::unique_lock lock(calls_mutex_);
  no_calls_.wait(lock, [this] { return calls_ == 0; });
}

std::shared_ptr<void> Backends::Hold() {
  std::lock_guard lock(calls_mutex_);
  ++calls_;
  return std::shared_ptr<void>(nullptr, [this](void*) {
    std::lock_guard ended(calls_mutex_);
    if (--calls_ == 0) no_calls_.notify_all();
  });
}

void Backends::Call(const wire::Route& route, const google::protobuf::Message& request,
                    v1::Caller caller, uint64_t lane, Done done) {
  if (lane != 0) {
    v1::OrderedCall call;
    call.set_method(route.path);
    *call.mutable_caller() = std::move(caller);
    request.SerializeToString(call.mutable_request());
    if (!lanes_->Call(lane, call, timeout_, done)) {
      done(absl::UnavailableError("the replica of messaging has gone"), v1::Reply());
    }
    return;
  }
  auto state = std::make_shared<Unary>();
  rpc::Call about = rpc::Background(timeout_);
  about.trace = caller.trace();
  about.caller = std::move(caller);
  rpc::ToClientContext(about, &state->context);
  state->context.set_deadline(std::chrono::system_clock::now() + timeout_);
  bool own = false;
  grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(request,
                                                                             &state->request, &own);
  services_.at(route.service)
      ->UnaryCall(
          &state->context, route.path, grpc::StubOptions(), &state->request, &state->response,
          [state, hold = Hold(), done = std::move(done)](grpc::Status status) {
            v1::Reply reply;
            if (status.ok()) {
              status = grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(
                  &state->response, &reply);
            }
            done(rpc::FromGrpc(status), std::move(reply));
          });
}

std::shared_ptr<v1::GatewayInternal::Stub> Backends::gateway(const std::string& address) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<v1::GatewayInternal::Stub>& stub = gateways_[address];
  if (stub == nullptr) stub = v1::GatewayInternal::NewStub(rpc::Direct(address));
  return stub;
}

void Backends::Expire() { lanes_->Expire(); }

}  // namespace chat::gateway
