#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <unordered_map>

#include "tests/load/device.h"
#include "tests/load/link.h"

namespace chat::load {

// The codes that the cluster under test has "sent": sms.jsonl of its outbox folder.
class Outbox {
 public:
  explicit Outbox(const std::string& folder) : path_(folder + "/sms.jsonl") {}
  // Reads what has been appended since the last call.
  void Poll();
  std::optional<std::string> CodeFor(const std::string& phone) const;

 private:
  std::string path_;
  std::streamoff read_ = 0;
  std::unordered_map<std::string, std::string> codes_;
};

// Registers one new phone (PROTOCOL 5.1.1, 5.1.4). When its connection ends it asks again.
class Enrolment final : private Link::Owner {
 public:
  Enrolment(LinkContext& context, size_t gateway, const Outbox& outbox);

  void Tick(client::Millis now);
  bool done() const { return done_; }
  const Account& account() const { return account_; }
  // The last refusal or broken connection; empty if all went well so far.
  const std::string& trouble() const { return trouble_; }

 private:
  void OnUp(bool session_present) override;
  void OnAcknowledged(mqtt::PacketId id) override;
  void OnMessage(const mqtt::Publish& publish) override;
  void OnDown(const absl::Status& why, bool was_up, int64_t heard_us) override;
  void Begin();
  void Ask(const google::protobuf::Message& record);

  LinkContext& context_;
  const Outbox& outbox_;
  Account account_;
  std::string dev_key_;
  std::string trouble_;
  bool awaits_code_ = false;
  bool finished_ = false;  // the Profile is here; the connection may be closed
  bool done_ = false;
  Link link_;
};

}  // namespace chat::load
