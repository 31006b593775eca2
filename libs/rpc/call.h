// One call: who asks, until when, under which trace. Given to every handler; passed on to every
// call that the handler makes.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

#include "chat/v1/call.pb.h"
#include "libs/rpc/refusal.h"

namespace chat::rpc {

using Deadline = std::chrono::steady_clock::time_point;

struct Call {
  v1::Caller caller;  // identity; empty for calls between services
  Deadline deadline;  // always set: the caller's, at most 30 s away
  std::string trace;  // never empty
};

// Metadata: `chat-caller-bin` (serialised Caller), `chat-trace`.
Call FromServerContext(const grpc::ServerContextBase& context);
void ToClientContext(const Call& call, grpc::ClientContext* context);
// A call that no client caused, e.g. of a sweeper.
Call Background(std::chrono::milliseconds timeout);

// The body of every synchronous handler: reads the call, runs `body`, counts and times it by method
// (chat_rpc_server_seconds{method,code}), logs refusals at debug and failures at warn, with the
// trace. `method` is "Service/Method".
grpc::Status Serve(grpc::ServerContext* context, const char* method,
                   const std::function<absl::Status(const Call&)>& body);

// What Serve() does after the body, for handlers of the callback API: counts and times the call
// that began at `begin`, logs it, and gives the status to finish with. Any thread.
grpc::Status Served(const Call& call, const char* method,
                    std::chrono::steady_clock::time_point begin, const absl::Status& status);

// How a status is called in metrics and logs: "OK", the atom of a refusal, or gRPC's name of the
// code.
std::string CodeName(const absl::Status& status);

// Calls `method` of a stub and waits: e.g. Invoke(call, *stub, &Stub::Apply, request, &reply).
// Within the call's deadline, or `limit` if that is sooner.
template <typename Stub, typename Request, typename Response>
absl::Status Invoke(const Call& call, Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response,
                    std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  grpc::ClientContext context;
  ToClientContext(call, &context);
  auto now = std::chrono::steady_clock::now();
  auto left = std::min<std::chrono::steady_clock::duration>(call.deadline - now, limit);
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::microseconds>(left));
  return FromGrpc((stub.*method)(&context, request, response));
}

}  // namespace chat::rpc
