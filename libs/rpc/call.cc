#include "libs/rpc/call.h"

#include <array>
#include <random>
#include <string_view>
#include <unordered_map>

#include "bert/options.pb.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/turns.h"

namespace chat::rpc {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr const char* kCallerKey = "chat-caller-bin";
constexpr const char* kTraceKey = "chat-trace";
constexpr std::chrono::seconds kLongestCall{30};
constexpr size_t kLongestTrace = 64;

std::string FreshTrace() {
  thread_local std::mt19937_64 random{(static_cast<uint64_t>(std::random_device{}()) << 32) |
                                      std::random_device{}()};
  constexpr char kHex[] = "0123456789abcdef";
  uint64_t bits = random();
  std::string trace(16, '0');
  for (char& c : trace) {
    c = kHex[bits & 15];
    bits >>= 4;
  }
  return trace;
}

// Metadata must be printable, and a trace ends up in logs.
bool IsTrace(std::string_view text) {
  return !text.empty() && text.size() <= kLongestTrace &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

std::string_view Metadata(const grpc::ServerContextBase& context, const char* key) {
  auto it = context.client_metadata().find(key);
  if (it == context.client_metadata().end()) return {};
  return {it->second.data(), it->second.size()};
}

Deadline DeadlineOf(const grpc::ServerContextBase& context) {
  auto latest = steady_clock::now() + kLongestCall;
  auto given = context.deadline();
  auto now = system_clock::now();
  if (given >= now + kLongestCall) return latest;
  return steady_clock::now() + (given - now);
}

const char* GrpcName(absl::StatusCode code) {
  constexpr std::array kNames = {"OK",
                                 "CANCELLED",
                                 "UNKNOWN",
                                 "INVALID_ARGUMENT",
                                 "DEADLINE_EXCEEDED",
                                 "NOT_FOUND",
                                 "ALREADY_EXISTS",
                                 "PERMISSION_DENIED",
                                 "RESOURCE_EXHAUSTED",
                                 "FAILED_PRECONDITION",
                                 "ABORTED",
                                 "OUT_OF_RANGE",
                                 "UNIMPLEMENTED",
                                 "INTERNAL",
                                 "UNAVAILABLE",
                                 "DATA_LOSS",
                                 "UNAUTHENTICATED"};
  auto index = static_cast<size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

std::string Atom(v1::ErrorCode code) {
  const auto* value = v1::ErrorCode_descriptor()->FindValueByNumber(code);
  return value == nullptr ? "unknown_refusal" : value->options().GetExtension(bert::atom);
}

prometheus::Histogram& ServerSeconds(const char* method, const std::string& code) {
  // Threads of a server live long; each remembers what it has met.
  thread_local std::unordered_map<std::string, prometheus::Histogram*> known;
  prometheus::Histogram*& histogram = known[std::string(method) + '|' + code];
  if (histogram == nullptr) {
    histogram = &metrics::Histogram("chat_rpc_server_seconds",
                                    "Time of a served call by method and outcome.",
                                    metrics::TimeBuckets(), {{"method", method}, {"code", code}});
  }
  return *histogram;
}

prometheus::Gauge& InFlight() {
  static prometheus::Gauge& gauge =
      metrics::Gauge("chat_rpc_server_in_flight", "Calls whose handler is running.");
  return gauge;
}

// A handler's exception ends here.
absl::Status RunBody(const Call& call, const std::function<absl::Status(const Call&)>& body) {
  try {
    return body(call);
  } catch (const std::exception& error) {
    return absl::InternalError(View(std::string("exception: ") + error.what()));
  } catch (...) {
    return absl::InternalError("exception of an unknown type");
  }
}

}  // namespace

Call FromServerContext(const grpc::ServerContextBase& context) {
  Call call;
  call.deadline = DeadlineOf(context);
  std::string_view caller = Metadata(context, kCallerKey);
  if (!call.caller.ParseFromArray(caller.data(), static_cast<int>(caller.size()))) {
    call.caller.Clear();  // nobody, rather than half of somebody
  }
  std::string_view trace = Metadata(context, kTraceKey);
  if (!IsTrace(trace)) trace = call.caller.trace();
  call.trace = IsTrace(trace) ? std::string(trace) : FreshTrace();
  return call;
}

void ToClientContext(const Call& call, grpc::ClientContext* context) {
  if (IsTrace(call.trace)) context->AddMetadata(kTraceKey, call.trace);
  std::string caller = call.caller.SerializeAsString();
  if (!caller.empty()) context->AddMetadata(kCallerKey, caller);
}

Call Background(std::chrono::milliseconds timeout) {
  return {{}, steady_clock::now() + timeout, FreshTrace()};
}

std::string CodeName(const absl::Status& status) {
  std::optional<v1::ErrorCode> refusal = RefusalOf(status);
  return refusal.has_value() ? Atom(*refusal) : GrpcName(status.code());
}

grpc::Status Served(const Call& call, const char* method, steady_clock::time_point begin,
                    const absl::Status& status) {
  std::chrono::duration<double> taken = steady_clock::now() - begin;
  std::string code = CodeName(status);
  ServerSeconds(method, code).Observe(taken.count());
  if (status.ok()) return grpc::Status::OK;
  auto level = RefusalOf(status).has_value() ? log::Level::kDebug : log::Level::kWarn;
  log::Write(level, "call failed",
             {{"method", method},
              {"code", code},
              {"why", Message(status)},
              {"trace", call.trace},
              {"ms", taken.count() * 1000}});
  return ToGrpc(status);
}

grpc::Status Serve(grpc::ServerContext* context, const char* method,
                   const std::function<absl::Status(const Call&)>& body) {
  auto begin = steady_clock::now();
  Call call = FromServerContext(*context);
  absl::Status status = absl::DeadlineExceededError("the call's turn did not come in time");
  if (ProcessTurns().Begin(call.deadline)) {
    InFlight().Increment();
    status = RunBody(call, body);
    InFlight().Decrement();
    ProcessTurns().End();
  }
  return Served(call, method, begin, status);
}

}  // namespace chat::rpc
