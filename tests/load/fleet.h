#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/v1/records.pb.h"
#include "tests/load/device.h"
#include "tests/load/latency.h"
#include "tests/load/ledger.h"
#include "tests/load/text.h"

namespace chat::load {

// A conversation between devices of the fleet, known to the ledger by the same index.
struct Conversation {
  std::string topic;
  std::string room;                     // empty: p2p
  std::vector<uint32_t> members;        // p2p: two
  std::optional<uint32_t> sender = {};  // of a plain broker: who alone sends here
};

struct Counters {
  uint64_t written = 0;          // messages and edits for the first time or again
  uint64_t written_bytes = 0;    // PUBLISH packets of these
  uint64_t acknowledged = 0;     // messages and edits
  uint64_t deliveries = 0;       // first copies of messages at devices
  uint64_t delivered_bytes = 0;  // PUBLISH packets of these
  uint64_t edits = 0;            // further versions and copies
  uint64_t typing = 0;           // arrived
  uint64_t pages = 0;            // of History, while sending
  uint64_t connections = 0;
  uint64_t sessions_lost = 0;  // a device came back and the server had no session of it
  std::map<std::string, uint64_t> refusals;  // error replies by code
  std::map<std::string, uint64_t> ends;      // of connections that were up, by reason
  std::map<std::string, uint64_t> attempts_failed;
};

// All devices of the run and what they tell the ledger. One thread.
class Fleet final : private Device::Listener {
 public:
  // Who wants to know more; empty functions are not called.
  struct Hooks {
    std::function<void(Device&)> ready;
    std::function<void(Device&, const Errand&)> done;
    // A record that came on another topic than a conversation's.
    std::function<void(Device&, std::string_view topic, const google::protobuf::Message&)> record;
  };

  Fleet(LinkContext& context, std::string run);

  Device& Add(Account account);
  // Returns its index, in the ledger too.
  uint32_t AddConversation(Conversation conversation);
  void Tick(client::Millis now);
  // One round of the event loop.
  void Round(int timeout_ms);

  LinkContext& context() { return context_; }
  const std::string& run() const { return run_; }
  std::deque<Device>& devices() { return devices_; }
  const std::deque<Device>& devices() const { return devices_; }
  const std::deque<Conversation>& conversations() const { return conversations_; }
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  const Counters& counters() const { return counters_; }
  Latency& delivery_latency() { return delivery_latency_; }
  Latency& acknowledgement_latency() { return acknowledgement_latency_; }
  Hooks& hooks() { return hooks_; }
  size_t ready() const { return ready_; }
  size_t unfinished() const;

 private:
  // What a payload on a conversation's topic says; many devices get the same bytes.
  struct Delivery {
    enum class Kind : uint8_t { kOther, kTyping, kMessage };
    Kind kind = Kind::kOther;
    Receipt receipt;
  };
  struct Remembered {
    std::string payload;
    Delivery delivery;
  };

  void OnConnection(Device& device, bool session_present) override;
  void OnReady(Device& device) override;
  void OnLost(Device& device, const absl::Status& why, bool was_up, Micros heard) override;
  void OnWritten(Device& device, const Errand& errand) override;
  void OnDone(Device& device, const Errand& errand) override;
  void OnArrived(Device& device, const mqtt::Publish& publish) override;

  void TakeDelivery(Device& device, const mqtt::Publish& publish);
  const Delivery& Read(std::string_view payload);
  Delivery Decode(std::string_view payload) const;

  LinkContext& context_;
  std::string run_;
  std::deque<Device> devices_;
  std::vector<bool> was_connected_;
  std::vector<bool> is_ready_;
  std::deque<Conversation> conversations_;  // their topics stay where they are
  Ledger ledger_;
  Counters counters_;
  Latency delivery_latency_;
  Latency acknowledgement_latency_;
  Hooks hooks_;
  size_t ready_ = 0;
  client::Millis next_tick_ = 0;
  std::vector<Remembered> remembered_;
};

}  // namespace chat::load
