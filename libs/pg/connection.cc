#include "libs/pg/connection.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <map>

#include "libs/base/known_leaks.h"
#include "libs/base/status.h"
#include "libs/log/log.h"

std::string pqxx::string_traits<pqxx::binarystring>::to_string(const pqxx::binarystring& bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\\x";
  for (unsigned char byte : bytes) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

namespace chat::pg {
namespace {

std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace

absl::StatusOr<std::string> ConnectionString(const std::string& url, const std::string& settings) {
  char* error = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &error);
  if (parsed == nullptr) {
    PQfreemem(error);
    return absl::InvalidArgumentError("the PostgreSQL URL cannot be read");
  }
  std::map<std::string, std::string> values = {
      {"connect_timeout", "2"},     {"keepalives", "1"},       {"keepalives_idle", "5"},
      {"keepalives_interval", "2"}, {"keepalives_count", "3"}, {"tcp_user_timeout", "5000"},
  };
  for (const PQconninfoOption* option = parsed; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  PQconninfoFree(parsed);
  // Of two settings of one name the later wins: that of the URL.
  std::string& options = values["options"];
  options = options.empty() ? settings : settings + " " + options;
  std::string text;
  for (const auto& [key, value] : values) {
    if (!value.empty()) text += (text.empty() ? "" : " ") + key + "=" + Quoted(value);
  }
  return text;
}

std::string SessionSettings() {
  // No statement here runs for so long that compiling it would pay.
  return "-c jit=off -c lock_timeout=" + std::to_string(kLockTimeoutMs) +
         " -c statement_timeout=" + std::to_string(kStatementTimeoutMs) +
         " -c idle_in_transaction_session_timeout=" + std::to_string(kIdleInTransactionTimeoutMs);
}

std::unique_ptr<pqxx::connection> Open(const std::string& connection_string) {
  auto connection = std::make_unique<pqxx::connection>(connection_string);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  return connection;
}

// Without it libpqxx writes notices and its own complaints to standard error, between our lines.
class Tx::Connection::Notices : public pqxx::errorhandler {
 public:
  explicit Notices(pqxx::connection_base& connection) : pqxx::errorhandler(connection) {}
  bool operator()(const char text[]) noexcept override {
    log::Debug("PostgreSQL says", {{"text", text}});
    return false;
  }
};

Tx::Connection::Connection(const std::string& connection_string)
    : link_(Open(connection_string)), notices_(std::make_unique<Notices>(*link_)) {
  socket = ::fcntl(link_->sock(), F_DUPFD_CLOEXEC, 0);
}

Tx::Connection::~Connection() {
  link_.reset();
  if (socket >= 0) ::close(socket);
}

bool Tx::Connection::HasSpoken() const {
  pollfd watched{socket, POLLIN | POLLRDHUP, 0};
  return ::poll(&watched, 1, 0) > 0;
}

void Tx::Connection::Cut() const {
  if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
}

void Tx::Prepare(const Statement& statement) {
  auto [it, fresh] = connection_.prepared.try_emplace(statement.name);
  if (fresh) {
    it->second = {statement.sql,
                  &metrics::Histogram("chat_pg_statement_seconds", "Time of one statement.",
                                      metrics::TimeBuckets(), {{"statement", statement.name}})};
    connection_.link().prepare(statement.name, statement.sql);
  } else if (it->second.sql != statement.sql &&
             std::string_view(it->second.sql) != std::string_view(statement.sql)) {
    failed_ = true;
    throw pqxx::usage_error("two statements are named " + std::string(statement.name));
  }
}

Tx::Timer::Timer(Tx& tx, const Statement& statement)
    : tx_(tx),
      statement_(statement),
      exceptions_(std::uncaught_exceptions()),
      begin_(std::chrono::steady_clock::now()) {}

Tx::Timer::~Timer() {
  if (std::uncaught_exceptions() > exceptions_) tx_.failed_ = true;
  std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin_;
  tx_.connection_.prepared.find(statement_.name)->second.seconds->Observe(taken.count());
}

std::string Array(const std::vector<int64_t>& values) {
  std::string text = "{";
  for (int64_t value : values) {
    if (text.size() > 1) text += ',';
    text += std::to_string(value);
  }
  return text + "}";
}

std::string TextArray(const std::vector<std::string>& values) {
  std::string array = "{";
  for (const std::string& value : values) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

std::string BytesArray(const std::vector<std::string>& values) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "{";
  for (const std::string& value : values) {
    if (text.size() > 1) text += ',';
    text += "\"\\\\x";
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
    text += '"';
  }
  return text + "}";
}

}  // namespace chat::pg
