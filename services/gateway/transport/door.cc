#include "services/gateway/transport/door.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "libs/metrics/metrics.h"

namespace chat::gateway {

namespace {

struct TransportMetrics {
  prometheus::Gauge* open;
  prometheus::Counter* opened;
};

const TransportMetrics& MetricsOf(Transport transport) {
  static const std::array<TransportMetrics, kTransports> all = [] {
    std::array<TransportMetrics, kTransports> made{};
    for (size_t i = 0; i < kTransports; ++i) {
      const metrics::Labels labels = {{"transport", NameOf(static_cast<Transport>(i))}};
      made[i] = {&metrics::Gauge("chat_gateway_connections", "Open network connections", labels),
                 &metrics::Counter("chat_gateway_connections_opened_total",
                                   "Network connections accepted", labels)};
    }
    return made;
  }();
  return all[static_cast<size_t>(transport)];
}

}  // namespace

struct Place::Address {
  explicit Address(std::string group, int64_t rate) : group(std::move(group)), publishes(rate) {}
  const std::string group;
  int64_t connections = 0;      // under the door's mutex
  int64_t unauthenticated = 0;  // under the door's mutex
  std::mutex mutex;
  TokenBucket publishes;
};

Place::Place(Door* door, std::shared_ptr<Address> address, Transport transport)
    : door_(door), address_(std::move(address)), transport_(transport) {}

Place::Place(Place&& other) noexcept
    : door_(std::exchange(other.door_, nullptr)),
      address_(std::move(other.address_)),
      transport_(other.transport_),
      authenticated_(other.authenticated_) {}

Place::~Place() {
  if (door_ != nullptr) door_->Leave(*this);
}

void Place::Authenticate() {
  if (std::exchange(authenticated_, true)) return;
  std::lock_guard lock(door_->mutex_);
  --address_->unauthenticated;
}

int64_t Place::TakePublish(int64_t now_ms) {
  if (door_->limits_.publishes_per_address == 0) return 0;
  std::lock_guard lock(address_->mutex);
  if (address_->publishes.Take(now_ms)) return 0;
  return std::max<int64_t>(address_->publishes.WaitMs(), 1);
}

Door::Door(const Limits& limits) : limits_(limits) {
  for (size_t i = 0; i < kTransports; ++i) MetricsOf(static_cast<Transport>(i));
}

Door::~Door() = default;

std::string Door::Group(const std::string& peer) {
  unsigned char bytes[16];
  if (inet_pton(AF_INET6, peer.c_str(), bytes) != 1) return peer;
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  char text[INET6_ADDRSTRLEN];
  if (std::memcmp(bytes, kMapped, sizeof kMapped) == 0) {
    return inet_ntop(AF_INET, bytes + sizeof kMapped, text, sizeof text);
  }
  std::fill(bytes + 8, bytes + 16, 0);
  return inet_ntop(AF_INET6, bytes, text, sizeof text);
}

Door::Verdict Door::Ask(const std::string& peer) {
  if (connections_.load() >= limits_.connections) return Verdict::kFull;
  if (limits_.unauthenticated_per_address == 0) return Verdict::kWelcome;
  const std::string group = Group(peer);
  std::lock_guard lock(mutex_);
  auto found = addresses_.find(group);
  const bool full = found != addresses_.end() &&
                    found->second->unauthenticated >= limits_.unauthenticated_per_address;
  return full ? Verdict::kAddressFull : Verdict::kWelcome;
}

Place Door::Enter(Transport transport, const std::string& peer) {
  connections_.fetch_add(1);
  MetricsOf(transport).open->Increment();
  MetricsOf(transport).opened->Increment();
  std::string group = Group(peer);
  std::lock_guard lock(mutex_);
  std::shared_ptr<Place::Address>& address = addresses_[group];
  if (address == nullptr) {
    address = std::make_shared<Place::Address>(std::move(group), limits_.publishes_per_address);
  }
  ++address->connections;
  ++address->unauthenticated;
  return Place(this, address, transport);
}

void Door::Leave(const Place& place) {
  connections_.fetch_sub(1);
  MetricsOf(place.transport_).open->Decrement();
  std::lock_guard lock(mutex_);
  if (!place.authenticated_) --place.address_->unauthenticated;
  if (--place.address_->connections == 0) addresses_.erase(place.address_->group);
}

}  // namespace chat::gateway
