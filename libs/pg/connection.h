// One connection to PostgreSQL as the pool keeps it.
#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <unordered_map>

#include "libs/metrics/metrics.h"
#include "libs/pg/pool.h"

namespace chat::pg {

// The time-outs of a session. A statement that waits longer for a lock fails with 55P03.
constexpr int kLockTimeoutMs = 2000;
constexpr int kStatementTimeoutMs = 5000;
constexpr int kIdleInTransactionTimeoutMs = 5000;

// A libpq connection string from a URL (or connection string) with what every connection needs:
// connect_timeout, TCP keepalive and tcp_user_timeout, so that a dead server is noticed within
// seconds; `settings` ("-c name=value …") before the URL's own `options`. The URL wins over
// defaults. kInvalidArgument when it cannot be read; the message holds no part of it.
absl::StatusOr<std::string> ConnectionString(const std::string& url, const std::string& settings);
std::string SessionSettings();

// Connects; never reconnects by itself, which would run the rest of a transaction outside of it.
std::unique_ptr<pqxx::connection> Open(const std::string& connection_string);

struct Tx::Connection {
  explicit Connection(const std::string& connection_string);
  ~Connection();
  Connection(const Connection&) = delete;

  // Cuts the connection; whoever waits on it gets an error. Any thread.
  void Cut() const;

  // The server has said something, or closed: between transactions it has nothing to say but that
  // it goes.
  bool HasSpoken() const;

  struct Prepared {
    const char* sql;
    prometheus::Histogram* seconds;
  };

  pqxx::connection& link() { return *link_; }

  std::unordered_map<std::string, Prepared> prepared;
  int socket = -1;  // our own descriptor of the socket: libpq may close its own at any time

 private:
  class Notices;
  std::unique_ptr<pqxx::connection> link_;
  std::unique_ptr<Notices> notices_;
};

}  // namespace chat::pg
