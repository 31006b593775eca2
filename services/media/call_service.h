// The gRPC face of calls, and TURN credentials (PROTOCOL O26).
#pragma once

#include "chat/v1/media.grpc.pb.h"
#include "services/media/calls.h"

namespace chat::media {

struct TurnServer {
  std::string uri;  // turn:host:port; empty: none
  std::string secret;
  int64_t life_s = 3600;
};

class CallService final : public v1::CallService::Service {
 public:
  // `calls` outlives it.
  CallService(Calls& calls, TurnServer turn) : calls_(calls), turn_(std::move(turn)) {}

  grpc::Status Signal(grpc::ServerContext*, const v1::Call*, v1::Reply*) override;
  // not_found: there is no TURN server.
  grpc::Status Turn(grpc::ServerContext*, const v1::Call*, v1::Reply*) override;

 private:
  Calls& calls_;
  const TurnServer turn_;
};

}  // namespace chat::media
