// Which live connection of this gateway holds which session, for take-overs (PROTOCOL O7, O8).
// Thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>

namespace chat::gateway {

// A connection, wherever it lives: its worker and its number there.
struct ConnectionRef {
  size_t worker = 0;
  uint64_t client = 0;
  int64_t epoch = 0;
};

class SessionRegistry {
 public:
  // False when a newer epoch is here already: the caller was overtaken and must close.
  bool Enter(int64_t session, const ConnectionRef& connection);
  // Only if it is still this connection's.
  void Leave(int64_t session, const ConnectionRef& connection);
  // The connection of the session with a smaller epoch, if any.
  std::optional<ConnectionRef> Older(int64_t session, int64_t epoch);

  // Registering and anonymous connections have no session; their client ids are known here, and
  // those that wait for a code to the others as well (fanout/pending_names.h).
  struct Entered {
    bool refused = false;                // the older one of this name waits for a code (O8)
    std::optional<ConnectionRef> older;  // has lost its place to this one
    std::string ticket;                  // to be told on the channel `names`
  };
  Entered EnterName(const std::string& client_id, const ConnectionRef& connection);
  // A ticket was told; all gateways hear all of them in one order, so the connection of a name that
  // is told last stays (O7). Returns the one here that gives way.
  std::optional<ConnectionRef> OnNameTold(const std::string& client_id, const std::string& ticket);
  void SetPending(const std::string& client_id, const ConnectionRef& connection, bool pending);
  bool IsPending(const std::string& client_id);
  // Whether it was this connection's.
  bool LeaveName(const std::string& client_id, const ConnectionRef& connection);

 private:
  struct Named {
    ConnectionRef connection;
    std::string ticket;
    bool pending = false;
    bool told = false;
  };
  std::mutex mutex_;
  std::map<int64_t, ConnectionRef> sessions_;
  std::map<std::string, Named> names_;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace chat::gateway
