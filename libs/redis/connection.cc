#include "libs/redis/connection.h"

#include <poll.h>

#include <algorithm>
#include <random>

#include "libs/base/status.h"
#include "libs/redis/address.h"

namespace chat::redis {
namespace {

timeval ToTimeval(std::chrono::milliseconds time) {
  timeval value{};
  value.tv_sec = time.count() / 1000;
  value.tv_usec = time.count() % 1000 * 1000;
  return value;
}

absl::Status Away(const std::string& why) { return absl::UnavailableError(View("Redis: " + why)); }

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& address,
                                                             std::chrono::milliseconds timeout) {
  auto parsed = Address::Parse(address);
  if (!parsed.has_value()) return Away("'" + address + "' is no host:port");
  timeval limit = ToTimeval(timeout);
  Context context(redisConnectWithTimeout(parsed->host.c_str(), parsed->port, limit));
  if (context == nullptr) return Away("no memory for a connection");
  if (context->err != 0 || redisSetTimeout(context.get(), limit) != REDIS_OK) {
    return Away(context->errstr);
  }
  std::unique_ptr<Connection> connection(new Connection(std::move(context)));
  connection->Append({"PING"});
  Reply reply = connection->Read();
  if (reply == nullptr) return Away(connection->context_->errstr);
  if (reply->type == REDIS_REPLY_ERROR) return Away(std::string(reply->str, reply->len));
  return connection;
}

void Connection::Append(const std::vector<std::string_view>& command) {
  std::vector<const char*> values;
  std::vector<size_t> lengths;
  for (std::string_view word : command) {
    values.push_back(word.data());
    lengths.push_back(word.size());
  }
  redisAppendCommandArgv(context_.get(), static_cast<int>(command.size()), values.data(),
                         lengths.data());
}

Reply Connection::Read() {
  void* reply = nullptr;
  if (redisGetReply(context_.get(), &reply) != REDIS_OK) return nullptr;
  return Reply(static_cast<redisReply*>(reply));
}

bool Connection::Stale() const {
  pollfd event{context_->fd, POLLIN, 0};
  return ::poll(&event, 1, 0) != 0;
}

std::chrono::milliseconds Backoff::Next() {
  thread_local std::minstd_rand random{std::random_device{}()};
  auto pause = pause_;
  pause_ = std::min(pause_ * 2, kLongest);
  auto jitter = static_cast<int64_t>(random() % static_cast<uint64_t>(pause.count() / 2 + 1));
  return pause - pause / 4 + std::chrono::milliseconds(jitter);
}

}  // namespace chat::redis
