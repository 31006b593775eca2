#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/connection.h"

// A session with one connection after another, an owner that answers anything at any time, and a
// client that sends anything. The input is a list of steps: one byte of operation, then its
// operands. Held to: no effect after OnClosed, output that a client can decode, acknowledgements of
// requests in order of arrival and never twice, a token acknowledged at most once, and the stated
// bounds.

namespace {

using namespace chat::mqtt;  // NOLINT: a program of one file

void Require(bool invariant) {
  if (!invariant) std::abort();
}

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string Take(size_t count) {
    std::string out(bytes_.substr(0, count));
    bytes_.remove_prefix(out.size());
    return out;
  }

 private:
  std::string_view bytes_;
};

constexpr ConnectionLimits kLimits{.max_packet_size = 256,
                                   .connect_timeout_ms = 1'000,
                                   .max_held_bytes = 512,
                                   .max_unanswered = 3};
constexpr SessionLimits kSessionLimits{.window = 3,
                                       .ahead = 2,
                                       .queue_messages = 4,
                                       .queue_bytes = 64,
                                       .max_executing = 3,
                                       .receive_maximum = 5};

class Owner final : public ConnectionHandler {
 public:
  // Answers inside the callbacks as the bits say.
  Owner(Session& session, uint8_t habits) : session_(session), habits_(habits) {}
  void Own(Connection& connection) { connection_ = &connection; }
  bool closed() const { return closed_; }
  std::deque<InboundHandle>& handles() { return handles_; }
  std::set<Token>& acknowledged() { return acknowledged_; }

  void OnSend(std::string_view bytes) override {
    Require(!closed_);
    decoder_.SetVersion(connection_->version());
    Packet packet;
    ProtocolError error;
    DecodeStatus status;
    while ((status = decoder_.Next(bytes, packet, error)) == DecodeStatus::kPacket) Check(packet);
    Require(status == DecodeStatus::kNeedMore);
  }
  void OnConnect(const Connect& connect) override {
    Require(!closed_);
    if ((habits_ & 1) == 0) return;
    connection_->Accept(session_,
                        Acceptance{.session_present = true,
                                   .assigned_client_id = connect.client_id.empty() ? "id" : "",
                                   .session_expiry_s = 7,
                                   .response_info = "r"},
                        0);
    if ((habits_ & 2) != 0) connection_->Proceed();
    if ((habits_ & 4) != 0) session_.Resume();
  }
  void OnPublish(const Publish& publish, InboundHandle handle) override {
    Require(!closed_);
    Require((publish.qos == Qos::kAtMostOnce) == (handle == kNoHandle));
    if (handle == kNoHandle) return;
    arrived_.push_back(publish.id);
    if (publish.qos == Qos::kExactlyOnce) Require(executing_.insert(publish.id).second);
    if ((habits_ & 8) != 0) {
      session_.AckInbound(handle);
    } else {
      handles_.push_back(handle);
    }
    if ((habits_ & 16) != 0 && publish.payload == "close") connection_->Close(Reason::kServerBusy);
    if ((habits_ & 32) != 0) connection_->Throttle(true);
  }
  void OnSubscribe(const Subscribe& subscribe) override {
    Require(!closed_ && !subscribe.subscriptions.empty());
    const uint8_t codes[] = {0, 1, 2, kSubackFailure};
    if ((habits_ & 64) != 0) connection_->Suback(subscribe.id, codes);
  }
  void OnUnsubscribe(const Unsubscribe& unsubscribe) override {
    Require(!closed_ && !unsubscribe.filters.empty());
    const uint8_t codes[] = {0, 0x11};
    if ((habits_ & 64) != 0) connection_->Unsuback(unsubscribe.id, codes);
  }
  void OnAcknowledged(Token token) override {
    Require(!closed_);
    Require(acknowledged_.insert(token).second);
  }
  void OnDrained() override {
    Require(!closed_);
    if ((habits_ & 128) != 0) {
      session_.Deliver(Message::Create("d", "x"), Qos::kAtLeastOnce, next_drained_++);
    }
  }
  int64_t UnixNowMs() override { return unix_ms_ += 400; }
  void OnReadable() override { Require(!closed_ && connection_->wants_read()); }
  void OnClosed(Closed closed) override {
    Require(!closed_);
    closed_ = true;
    Require(closed.cause != CloseCause::kClientDisconnect || !closed.will ||
            closed.error.reason != Reason::kSuccess);
    Require(connection_->session() == nullptr);
  }

 private:
  // Acknowledgements of first arrivals follow their order; those of duplicates come in between.
  void Check(const Packet& packet) {
    PacketId id = kNoPacketId;
    if (const auto* p = std::get_if<Puback>(&packet)) {
      id = p->id;
    } else if (const auto* p = std::get_if<Pubrec>(&packet)) {
      id = p->id;
      if (p->reason >= Reason::kUnspecifiedError) executing_.erase(p->id);
    } else {
      if (const auto* p = std::get_if<Pubcomp>(&packet)) executing_.erase(p->id);
      return;
    }
    const bool due = !arrived_.empty() && arrived_.front() == id;
    Require(due || std::holds_alternative<Pubrec>(packet));
    if (due) arrived_.pop_front();
  }

  Session& session_;
  uint8_t habits_;
  int64_t unix_ms_ = 1'000'000;
  Connection* connection_ = nullptr;
  Decoder decoder_{Role::kClient, 1'000'000};
  bool closed_ = false;
  std::deque<PacketId> arrived_;  // QoS 1/2 handed over, not yet acknowledged
  std::set<PacketId> executing_;  // QoS 2 handed over on this connection, not yet complete
  std::deque<InboundHandle> handles_;
  std::set<Token> acknowledged_;
  Token next_drained_ = 1'000'000;
};

// One session and its present connection.
class World {
 public:
  explicit World(Input& input) : input_(input) { Connect(); }

  void Step() {
    const uint8_t operation = input_.Byte();
    switch (operation % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
        return connection_->OnBytes(input_.Take(input_.Byte()), now_);
      case 4:
        return connection_->Accept(session_, (operation & 16) != 0, now_);
      case 5:
        return connection_->Proceed();
      case 6:
        return session_.Resume();
      case 7:
        return Deliver(input_.Byte());
      case 8:
        return Acknowledge(input_.Byte());
      case 9: {
        const uint8_t codes[] = {static_cast<uint8_t>(input_.Byte() % 3)};
        return connection_->Suback(PacketId{7}, codes);
      }
      case 10:
        return connection_->Unsuback(PacketId{8}, std::vector<uint8_t>{0});
      case 11:
        return connection_->Throttle((operation & 16) != 0);
      case 12:
        now_ += Millis{input_.Byte()} * 100;
        return connection_->OnTime(now_);
      case 13:
        return connection_->Refuse(static_cast<ConnectCode>(input_.Byte() % 6));
      case 14:
        return (operation & 16) != 0 ? connection_->OnNetworkLost()
                                     : connection_->Close(Reason::kServerShuttingDown);
      case 15:
        return (operation & 16) != 0 ? Connect() : HandOver();
    }
  }

  void CheckBounds() const {
    Require(session_.in_flight() <= size_t{kSessionLimits.window} + kSessionLimits.ahead);
    // Those of DeliverFirst that a small window of the client's holds back wait there, too.
    Require(session_.queued() <=
            size_t{kSessionLimits.queue_messages} + kSessionLimits.window + kSessionLimits.ahead);
    Require(session_.executing() <= kSessionLimits.max_executing);
    Require(session_.unreleased() <= kSessionLimits.receive_maximum);
    Require(owner_->closed() == (connection_->state() == Connection::State::kClosed));
  }

 private:
  void Connect() {
    connection_.reset();
    const std::set<Token> acknowledged = owner_ ? owner_->acknowledged() : std::set<Token>();
    const std::deque<InboundHandle> handles =
        owner_ ? owner_->handles() : std::deque<InboundHandle>();
    owner_ = std::make_unique<Owner>(session_, input_.Byte());
    owner_->acknowledged() = acknowledged;
    owner_->handles() = handles;
    connection_ = std::make_unique<Connection>(kLimits, *owner_, now_);
    owner_->Own(*connection_);
  }

  void Deliver(uint8_t how) {
    static const auto ids =
        std::make_shared<const std::vector<uint32_t>>(std::vector<uint32_t>{1, 300});
    const SharedMessage message = Message::Create(
        (how & 16) != 0 ? "topic" : "other", std::string(how >> 4, 'x'),
        {.properties = (how & 32) != 0 ? std::string_view("\x01\x01", 2) : std::string_view(),
         .expires_at_ms = (how & 64) != 0 ? 1'008'000 : 0});
    const auto qos = static_cast<Qos>(how % 3);
    if ((how & 8) != 0) {
      session_.DeliverFirst(message, qos, next_token_++, (how & 4) != 0, ids);
    } else {
      session_.Deliver(message, qos, next_token_++, (how & 4) != 0,
                       (how & 128) != 0 ? ids : nullptr);
    }
  }

  void Acknowledge(uint8_t how) {
    auto& handles = owner_->handles();
    if (handles.empty()) return;
    const auto at = handles.begin() + (how & 0x0F) % static_cast<int>(handles.size());
    const InboundHandle handle = *at;
    handles.erase(at);
    session_.AckInbound(handle,
                        how >= 0xF0 ? Reason::kImplementationSpecificError : Reason::kSuccess);
  }

  // Its snapshot is what another gateway would begin with.
  void HandOver() {
    const SessionSnapshot snapshot = session_.Snapshot();
    Session other(kSessionLimits);
    other.Restore(snapshot);
    Require(other.in_flight() == session_.in_flight());
    Require(other.unreleased() <= session_.unreleased());
  }

  Input& input_;
  Millis now_ = 0;
  Token next_token_ = 1;
  Session session_{kSessionLimits};
  std::unique_ptr<Owner> owner_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(std::string_view(reinterpret_cast<const char*>(data), size));
  World world(input);
  while (!input.empty()) {
    world.Step();
    world.CheckBounds();
  }
  return 0;
}
