#include "libs/redis/client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"
#include "libs/redis/connection.h"

namespace chat::redis {
namespace {

using std::chrono::steady_clock;
using Answers = std::vector<std::optional<std::string>>;

std::string Bytes(const redisReply& reply) { return std::string(reply.str, reply.len); }

absl::Status AddAnswer(const redisReply& reply, Answers* answers) {
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      answers->emplace_back(Bytes(reply));
      return absl::OkStatus();
    case REDIS_REPLY_INTEGER:
      answers->emplace_back(std::to_string(reply.integer));
      return absl::OkStatus();
    case REDIS_REPLY_NIL:
      answers->emplace_back(std::nullopt);
      return absl::OkStatus();
    case REDIS_REPLY_ERROR: {
      std::string error = Bytes(reply);
      // A server that starts, stops or follows another one answers, but is of no use.
      for (const char* away : {"LOADING", "READONLY", "MASTERDOWN", "NOAUTH", "BUSY "}) {
        if (error.starts_with(away)) return absl::UnavailableError(View("Redis: " + error));
      }
      return absl::InternalError(View("Redis: " + error));
    }
    default:
      return absl::InternalError("Redis: an answer that is an array");
  }
}

}  // namespace

struct Client::State {
  State(std::string address_, int connections_, std::chrono::milliseconds timeout_)
      : address(std::move(address_)), connections(std::max(connections_, 1)), timeout(timeout_) {}

  // A place in the pool with an idle connection, if there is one. nullopt: none was free in time,
  // or Redis is away.
  std::optional<std::unique_ptr<Connection>> Take() {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, timeout, [this] { return busy < connections; })) {
      return std::nullopt;
    }
    if (steady_clock::now() < away_until) return std::nullopt;
    ++busy;
    if (idle.empty()) return std::unique_ptr<Connection>();
    std::unique_ptr<Connection> connection = std::move(idle.back());
    idle.pop_back();
    return connection;
  }

  // `connection`: nullptr when it was lost.
  void Give(std::unique_ptr<Connection> connection) {
    {
      std::lock_guard lock(mutex);
      --busy;
      up.Set(connection != nullptr ? 1 : 0);
      if (connection != nullptr) {
        backoff.Reset();
        idle.push_back(std::move(connection));
      } else {
        away_until = steady_clock::now() + backoff.Next();
      }
    }
    changed.notify_one();
  }

  const std::string address;
  const int connections;
  const std::chrono::milliseconds timeout;
  prometheus::Gauge& up =
      metrics::Gauge("chat_redis_up", "1 while the connection stands.", {{"connection", "client"}});
  std::mutex mutex;
  std::condition_variable changed;
  int busy = 0;
  std::vector<std::unique_ptr<Connection>> idle;
  Backoff backoff;
  steady_clock::time_point away_until{};
};

Client::Client(std::string address, int connections, std::chrono::milliseconds timeout)
    : state_(std::make_unique<State>(std::move(address), connections, timeout)) {}
Client::~Client() = default;

absl::StatusOr<Answers> Client::Run(const std::vector<std::vector<std::string>>& commands) {
  auto taken = state_->Take();
  if (!taken.has_value())
    return absl::UnavailableError("Redis is away or its connections are busy");
  std::unique_ptr<Connection> connection = *std::move(taken);
  if (connection == nullptr || connection->Stale()) {
    auto opened = Connection::Open(state_->address, state_->timeout);
    if (!opened.ok()) {
      state_->Give(nullptr);
      return opened.status();
    }
    connection = *std::move(opened);
  }
  for (const auto& command : commands) {
    connection->Append(std::vector<std::string_view>(command.begin(), command.end()));
  }
  Answers answers;
  absl::Status status;
  for (size_t i = 0; i < commands.size(); ++i) {
    Reply reply = connection->Read();
    if (reply == nullptr) {
      state_->Give(nullptr);
      return absl::UnavailableError("Redis: the connection was lost");
    }
    // The answers that follow are read all the same: the connection stays in step.
    absl::Status added = AddAnswer(*reply, &answers);
    if (status.ok()) status = added;
  }
  state_->Give(std::move(connection));
  if (!status.ok()) return status;
  return answers;
}

}  // namespace chat::redis
