#pragma once

#include <absl/status/status.h>
#include <netinet/in.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "libs/client/address.h"
#include "libs/client/connection.h"
#include "tests/load/poller.h"

namespace chat::load {

// Where one gateway listens; a numeric address.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};
// kInvalidArgument: not a host and port, or an unknown host.
absl::StatusOr<Endpoint> Resolve(const std::string& text);

class Link;

// What all links of a process share; outlives them.
struct LinkContext {
  Poller poller;
  std::vector<Endpoint> gateways;
  client::ConnectionLimits limits;
  std::vector<Link*> unflushed;
  std::mt19937_64 random{1};
};
// Writes what the links have to say. Once per round of the loop.
void Flush(LinkContext& context);

// A device's way to the cluster: one TCP connection at a time, opened again, at the other gateways
// in turn, whenever it ends, until Close. Acknowledges each arrived message when its owner has seen
// it. Single-threaded.
class Link final : private client::ConnectionHandler, private Poller::Watcher {
 public:
  class Owner {
   public:
    // CONNACK 0. What has not been acknowledged is to be sent again now.
    virtual void OnUp(bool session_present) = 0;
    virtual void OnAcknowledged(mqtt::PacketId id) = 0;
    virtual void OnMessage(const mqtt::Publish& publish) = 0;
    // A connection that was up has ended, or an attempt has failed (`was_up` false).
    virtual void OnDown(const absl::Status& why, bool was_up, int64_t heard_us) = 0;

   protected:
    ~Owner() = default;
  };

  // `gateway`: the index of the first one to try.
  Link(LinkContext& context, size_t gateway, Owner& owner);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void Open(client::ConnectOptions options);
  // DISCONNECT; no further attempts and no OnDown.
  void Close();
  // Timers: keep-alive, time limits, the next attempt. About every 50 ms.
  void Tick(client::Millis now);
  absl::StatusOr<mqtt::PacketId> Publish(const client::Outgoing& outgoing);
  absl::StatusOr<mqtt::PacketId> Subscribe(std::vector<mqtt::Subscription> subscriptions);
  bool Awaits(mqtt::PacketId id) const { return connection_.Awaits(id); }
  bool up() const { return connection_.state() == client::Connection::State::kConnected; }

 private:
  friend void Flush(LinkContext& context);

  void OnReady(uint32_t events) override;
  void OnSend(std::string_view bytes) override;
  void OnConnected(bool session_present) override;
  void OnAcknowledged(mqtt::PacketId id) override;
  void OnPublish(const mqtt::Publish& publish, client::Ticket ticket) override;
  void OnEnded(const absl::Status& why) override;

  void Attempt(client::Millis now);
  void Established();
  void Read();
  void Write();
  void Failed(const std::string& why);
  void CloseSocket();
  void PlanAttempt();

  LinkContext& context_;
  Owner& owner_;
  client::Connection connection_;
  client::ConnectOptions options_;
  size_t gateway_;
  int socket_ = -1;
  bool wanted_ = false;
  bool establishing_ = false;
  bool waits_to_write_ = false;
  bool is_unflushed_ = false;
  bool was_up_ = false;
  client::Millis attempt_at_ = 0;
  client::Millis give_up_at_ = 0;
  client::Millis pause_ms_ = 0;
  int64_t heard_us_ = 0;
  std::string unsent_;
};

client::Millis NowMs();
int64_t NowUs();

}  // namespace chat::load
