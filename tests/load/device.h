#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>

#include "libs/client/request.h"
#include "tests/load/ledger.h"
#include "tests/load/link.h"

namespace chat::load {

struct Account {
  std::string phone;
  std::string phone_id;
  std::string client_id;
  std::string token;  // empty: of a plain broker
};

// Something a device has to publish.
struct Errand {
  enum class Kind : uint8_t { kMessage, kEdit, kTyping, kHistory, kRequest };
  Kind kind = Kind::kRequest;
  mqtt::Qos qos = mqtt::Qos::kAtLeastOnce;
  SendId send;           // kMessage, kEdit
  uint32_t version = 0;  // kEdit
  Micros due = 0;
  std::string payload;
  std::string_view topic = client::kRequestTopic;  // outlives the run
};

// An authenticated device with a stored session: what it has to publish is published in order, and
// again, in order, after a reconnect until it is acknowledged. Lives as long as the run.
class Device final : private Link::Owner {
 public:
  class Listener {
   public:
    virtual void OnConnection(Device& device, bool session_present) = 0;
    // Connected and, at the cluster, its Profile is here: what it may do and see is known.
    virtual void OnReady(Device& device) = 0;
    virtual void OnLost(Device& device, const absl::Status& why, bool was_up, Micros heard) = 0;
    // Goes over the wire, also when it does so again.
    virtual void OnWritten(Device& device, const Errand& errand) = 0;
    // QoS 0: written. Else acknowledged.
    virtual void OnDone(Device& device, const Errand& errand) = 0;
    virtual void OnArrived(Device& device, const mqtt::Publish& publish) = 0;

   protected:
    ~Listener() = default;
  };

  Device(LinkContext& context, uint32_t index, Account account, Listener& listener);

  void Open(uint16_t keep_alive_s);
  void Close() { link_.Close(); }
  void Tick(client::Millis now) { link_.Tick(now); }
  void Submit(Errand errand);
  // On this connection and all later ones, in place of what it subscribed before.
  void Subscribe(std::set<std::string> filters, mqtt::Qos qos);
  // The Profile came.
  void SetReady();

  uint32_t index() const { return index_; }
  const Account& account() const { return account_; }
  bool ready() const { return ready_; }
  // All that Subscribe asked for is granted on this connection.
  bool subscribed() const { return subscribed_; }
  // Not acknowledged, or not even written.
  size_t unfinished() const { return in_flight_.size() + waiting_.size(); }

 private:
  struct InFlight {
    mqtt::PacketId id;
    Errand errand;
  };

  void OnUp(bool session_present) override;
  void OnAcknowledged(mqtt::PacketId id) override;
  void OnMessage(const mqtt::Publish& publish) override;
  void OnDown(const absl::Status& why, bool was_up, int64_t heard_us) override;

  // False: it has to wait.
  bool Write(Errand& errand, mqtt::PacketId again);
  void WriteWaiting();
  void WriteSubscriptions();

  uint32_t index_;
  Account account_;
  Listener& listener_;
  bool ready_ = false;
  std::set<std::string> filters_;
  mqtt::Qos filters_qos_ = mqtt::Qos::kAtLeastOnce;
  mqtt::PacketId subscribing_ = mqtt::kNoPacketId;
  bool subscribed_ = false;
  std::deque<InFlight> in_flight_;
  std::deque<Errand> waiting_;
  Link link_;
};

}  // namespace chat::load
