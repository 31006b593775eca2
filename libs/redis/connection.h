// A blocking connection to Redis by hiredis, and what reconnecting ones share.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <hiredis/hiredis.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace chat::redis {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;

// One thread at a time. After an error it is of no more use.
class Connection {
 public:
  // Connects and asks for a PONG. `timeout` bounds connecting, and each read and write later.
  // kUnavailable with the reason.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& address,
                                                          std::chrono::milliseconds timeout);

  // Queues a command; Read() sends what is queued and gives the next answer, nullptr when the
  // connection is lost.
  void Append(const std::vector<std::string_view>& command);
  Reply Read();
  // Whether the server has closed it (or sent what nobody asked for) since the last answer.
  bool Stale() const;

 private:
  explicit Connection(Context context) : context_(std::move(context)) {}
  Context context_;
};

// The pause before the next attempt: 50 ms doubling to 1 s, with a jitter of a quarter.
class Backoff {
 public:
  std::chrono::milliseconds Next();
  void Reset() { pause_ = kFirst; }

 private:
  static constexpr std::chrono::milliseconds kFirst{50};
  static constexpr std::chrono::milliseconds kLongest{1000};
  std::chrono::milliseconds pause_ = kFirst;
};

}  // namespace chat::redis
