#include "libs/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include <chrono>

#include "grpc/health/v1/health.grpc.pb.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/tls.h"
#include "libs/rpc/turns.h"

namespace chat::rpc {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;
constexpr int kMaxMetadataBytes = 64 << 10;  // a caller with many rosters
constexpr std::chrono::seconds kHealthDeadline{2};

std::string Reachable(const std::string& listen) {
  size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  std::string port = colon == std::string::npos ? "" : listen.substr(colon);
  if (host == "0.0.0.0") return "127.0.0.1" + port;
  if (host == "[::]") return "[::1]" + port;
  return listen;
}

}  // namespace

void Configure(grpc::ServerBuilder& builder, const std::string& listen, CallBounds bounds,
               int* port) {
  builder.AddListeningPort(listen, ServerCredentials(), port);
  // Without it two servers share a port silently.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  // Clients ping every 2 s, also without calls.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 500);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // One completion queue whose threads poll when they do not serve. One of the quota always polls,
  // so it is not counted among the handlers.
  grpc::ResourceQuota quota("rpc");
  quota.SetMaxThreads(bounds.running + bounds.waiting + 1);
  ProcessTurns().SetLimit(bounds.waiting == 0 ? 0 : bounds.running);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, bounds.running);
}

bool AsksHealthy(const std::string& listen, bool plaintext, std::string* why) {
  auto stub = grpc::health::v1::Health::NewStub(
      plaintext ? grpc::CreateChannel(Reachable(listen), grpc::InsecureChannelCredentials())
                : Direct(Reachable(listen)));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kHealthDeadline);
  grpc::health::v1::HealthCheckResponse response;
  grpc::Status status = stub->Check(&context, {}, &response);
  if (!status.ok()) {
    *why = status.error_message();
    return false;
  }
  *why = grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
  return response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace chat::rpc
