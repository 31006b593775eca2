// Who may come in: the limits on connections and on what comes from one address, over all workers.
// Thread safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "services/gateway/rate.h"
#include "services/gateway/transport/endpoint.h"

namespace chat::gateway {

class Door;

// One open connection in the counts; leaves them when destroyed.
class Place {
 public:
  Place(Place&& other) noexcept;
  Place& operator=(Place&&) = delete;
  ~Place();
  // It has shown a valid token: no longer counted among the unauthenticated of its address.
  void Authenticate();
  // Counts one PUBLISH of its address. Milliseconds for which reading must pause, 0 for none.
  int64_t TakePublish(int64_t now_ms);
  Transport transport() const { return transport_; }

 private:
  friend class Door;
  struct Address;
  Place(Door* door, std::shared_ptr<Address> address, Transport transport);

  Door* door_;
  std::shared_ptr<Address> address_;
  Transport transport_;
  bool authenticated_ = false;
};

class Door {
 public:
  // 0: unlimited, but for connections.
  struct Limits {
    int64_t connections = 1;
    int64_t unauthenticated_per_address = 0;
    int64_t publishes_per_address = 0;  // a second
  };
  enum class Verdict { kWelcome, kFull, kAddressFull };

  explicit Door(const Limits& limits);
  ~Door();

  // `peer` is an address in text. The verdict is for a connection that does not stand yet.
  Verdict Ask(const std::string& peer);
  Place Enter(Transport transport, const std::string& peer);
  int64_t connections() const { return connections_.load(); }

  // What counts as one address: an IPv4 address, or the /64 of an IPv6 one, as one subscriber has
  // all of it.
  static std::string Group(const std::string& peer);

 private:
  friend class Place;
  void Leave(const Place& place);

  const Limits limits_;
  std::atomic<int64_t> connections_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Place::Address>> addresses_;
};

}  // namespace chat::gateway
