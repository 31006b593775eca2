#include "services/gateway/session/client.h"

#include <algorithm>
#include <chrono>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/net/loop.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/session/admission.h"
#include "services/gateway/session/will.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

constexpr int64_t kLingerMs = 2000;
// Requests of one connection that wait or run; above it reading pauses, also for QoS 0.
constexpr size_t kMaxRequests = 64;

// What a message that is in flight and one that waits have in common.
template <typename Item>
void SaveOutbound(const Item& item, v1::SessionState::Outbound* to) {
  to->set_position(static_cast<int64_t>(item.token & ~(kOpenToken | kApartToken)));
  to->set_open((item.token & kOpenToken) != 0);
  to->set_apart((item.token & kApartToken) != 0);
  to->set_qos(static_cast<uint32_t>(item.qos));
  to->set_retain(item.retain);
  if (item.subscriptions == nullptr) return;
  to->mutable_subscription_ids()->Add(item.subscriptions->begin(), item.subscriptions->end());
}

}  // namespace

void SaveCursor(const CursorTracker& from, v1::Cursors* to) {
  to->set_position(from.position());
  for (int64_t position : from.above()) to->add_above(position);
}

Client::Client(Worker& worker, uint64_t id, std::shared_ptr<net::Stream> stream, Place place)
    : worker_(worker),
      parts_(worker.parts()),
      id_(id),
      place_(std::move(place)),
      stream_(std::move(stream)),
      connection_(parts_.connection_limits, *this, net::Loop::NowMs()),
      flow_(*this),
      publishes_(parts_.config.publish_rate),
      log_lines_(parts_.config.log_rate) {
  stream_->Start(*this);
}

Client::~Client() = default;

ConnectionRef Client::ref() const { return {worker_.index(), id_, epoch_}; }

std::string Client::OwnTopic() const { return "actions/1/" + module_ + "/" + caller_.client_id(); }

void Client::AddTo(Load* load, int64_t unix_now_ms) const {
  load->unwritten_bytes += static_cast<int64_t>(stream_->unwritten());
  if (closed_ || awaits_connect()) return;
  const size_t version =
      static_cast<size_t>(connection_.version()) - static_cast<size_t>(mqtt::Version::k31);
  ++load->connections[static_cast<size_t>(place_.transport())][version];
  if (requests_ != nullptr) load->requests += static_cast<int64_t>(requests_->size());
  if (session_ == nullptr) return;
  ++load->sessions[static_cast<size_t>(caller_.state())];
  load->in_flight += static_cast<int64_t>(session_->in_flight());
  load->queued += static_cast<int64_t>(session_->queued());
  if (committed_ == nullptr) return;
  const int64_t since = std::max(committed_->begin()->second, online_since_ms_);
  load->oldest_ms = std::max(load->oldest_ms, unix_now_ms - since);
}

void Client::Describe(v1::Note* note) const {
  note->set_client_id(caller_.client_id());
  note->set_peer(peer());
  note->set_transport(NameOf(place_.transport()));
}

void Client::Log(std::string_view what, std::initializer_list<log::Field> fields) {
  if (log_lines_.Take(net::Loop::NowMs())) return log::Info(what, fields);
  static prometheus::Counter& unlogged = metrics::Counter(
      "chat_gateway_unlogged_total", "Lines about a connection that were over its log_rate");
  unlogged.Increment();
}

// ---- bytes ----------------------------------------------------------------------------------

void Client::OnData(std::string_view bytes) {
  worker_.traffic().bytes_received += bytes.size();
  connection_.OnBytes(bytes, net::Loop::NowMs());
  UpdateReading();
}

void Client::OnEnd() { connection_.OnNetworkLost(); }

void Client::OnPacket(mqtt::PacketType type) { worker_.traffic().Received(type); }

void Client::OnSend(std::string_view bytes) {
  worker_.traffic().Sent(static_cast<mqtt::PacketType>(static_cast<uint8_t>(bytes[0]) >> 4));
  Write(bytes);
}

void Client::OnSendPublish(std::string_view head, const mqtt::SharedMessage& message) {
  worker_.traffic().Sent(mqtt::PacketType::kPublish);
  Write(head);
  Write(message->payload());
}

void Client::Write(std::string_view bytes) {
  worker_.traffic().bytes_sent += bytes.size();
  stream_->Write(bytes);
  if (stream_->unwritten() <= static_cast<size_t>(parts_.config.write_limit)) return;
  static prometheus::Counter& slow = metrics::Counter(
      "chat_gateway_slow_readers_total", "Connections closed because they left too much unread");
  slow.Increment();
  worker_.ToClient(id_, [](Client& self) { self.End(mqtt::Reason::kQuotaExceeded); });
}

void Client::UpdateReading() {
  if (closed_) return;
  const bool busy = requests_ != nullptr && requests_->size() >= kMaxRequests;
  if (draining_ && (requests_ == nullptr || requests_->size() == 0)) {
    return worker_.ToClient(id_, [](Client& self) { self.End(mqtt::Reason::kUseAnotherServer); });
  }
  connection_.Throttle(busy || resume_at_ != 0 || learning_ > 0 || draining_);
  stream_->SetReading(connection_.wants_read());
}

void Client::OnTime() {
  const int64_t now = net::Loop::NowMs();
  if (resume_at_ != 0 && now >= resume_at_) {
    resume_at_ = 0;
    UpdateReading();
  }
  if (end_at_ != 0 && now >= end_at_) return FinishEnding();
  connection_.OnTime(now);
}

std::optional<int64_t> Client::NextDeadline() const {
  if (closed_) return std::nullopt;
  std::optional<int64_t> next = connection_.NextDeadline();
  for (int64_t own : {resume_at_, end_at_}) {
    if (own != 0) next = next ? std::min(*next, own) : own;
  }
  return next;
}

// ---- CONNECT --------------------------------------------------------------------------------

void Client::OnConnect(const mqtt::Connect& connect) {
  if (!worker_.TakeConnect(net::Loop::NowMs())) {
    metrics::Counter("chat_gateway_connects_total", "CONNECT packets by result",
                     {{"result", "too_many"}})
        .Increment();
    return connection_.Refuse(mqtt::Reason::kConnectionRateExceeded);
  }
  admission_ = std::make_unique<Admission>(*this, connect);
  admission_->Begin();
}

void Client::SetSession(int64_t account, int64_t session, int64_t epoch) {
  account_ = account;
  session_id_ = session;
  epoch_ = epoch;
}

void Client::Refuse(mqtt::Reason reason) {
  connection_.Refuse(reason);
  const std::unique_ptr<Admission> over = std::move(admission_);  // which calls this
}

int64_t Client::UnixNowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Client::Admit(Admitted admitted) {
  const std::unique_ptr<Admission> over = std::move(admission_);
  if (closed_ || connection_.state() != mqtt::Connection::State::kConnecting) return;
  caller_ = std::move(admitted.caller);
  token_ = std::move(admitted.token);
  module_ = std::move(admitted.module);
  revision_ = std::move(admitted.revision);
  auth_id_ = admitted.auth_id;
  if (auth_id_ != 0) place_.Authenticate();
  expiry_s_ = admitted.expiry_s;
  if (admitted.present) sent_until_ms_ = admitted.sent_until_ms;
  // Far from where a lost session of an earlier epoch may have stood: see mqtt::Session.
  session_ = std::make_unique<mqtt::Session>(
      parts_.session_limits, mqtt::PacketId{static_cast<uint16_t>(1 + (epoch_ * 4099) % 65000)});
  if (admitted.present) Restore(admitted);
  const std::string own_topic = OwnTopic();
  mqtt::Acceptance acceptance{.session_present = admitted.present};
  if (admitted.assigned) acceptance.assigned_client_id = caller_.client_id();
  if (admitted.expiry_told) acceptance.session_expiry_s = static_cast<uint32_t>(expiry_s_);
  acceptance.response_info = own_topic;
  connection_.Accept(*session_, acceptance, net::Loop::NowMs());
  if (closed_) return;
  const ReplyTo own{own_topic, "", "", ""};
  if (!admitted.open_only) {
    v1::VnodeMax vnode_max;
    vnode_max.set_node(parts_.config.vnode_max);
    Send(own, vnode_max, true);
  }
  if (!admitted.new_token.empty()) {
    v1::Io renewed;
    renewed.mutable_ok2()->set_atom("login");
    renewed.mutable_ok2()->mutable_pair()->set_first(caller_.client_id());
    renewed.mutable_ok2()->mutable_pair()->set_second(admitted.new_token);
    Send(own, renewed, true);
  }
  if (admitted.profile) Send(own, *admitted.profile, true);
  session_->Resume();
  online_since_ms_ = UnixNowMs();
  if (admitted.present) ResumeOpen(admitted.state);
  state_unstored_ = admitted.present && (open_ != nullptr || !settings_.empty());
  RetryOpen();
  if (account_ != 0) {
    parts_.leases->Add(account_);
    flow_.OnPage(admitted.page);
    for (const ReadyEvent& receipt : admitted.receipts) OnEvent(receipt);
  }
  connection_.Proceed();
  worker_.Arm(*this);
  UpdateReading();
}

void Client::Restore(const Admitted& admitted) {
  const v1::SessionState& state = admitted.state;
  settings_.Load(state);
  mqtt::SessionSnapshot snapshot;
  for (const v1::SessionState::Outbound& saved : state.outbound()) {
    mqtt::SessionSnapshot::Outbound outbound;
    outbound.id = mqtt::PacketId{static_cast<uint16_t>(saved.packet_id())};
    outbound.token = static_cast<mqtt::Token>(saved.position());
    outbound.qos = static_cast<mqtt::Qos>(std::min<uint32_t>(saved.qos(), 2));
    outbound.released = saved.released();
    outbound.retain = saved.retain();
    if (saved.subscription_ids_size() > 0) {
      outbound.subscriptions = std::make_shared<const std::vector<uint32_t>>(
          saved.subscription_ids().begin(), saved.subscription_ids().end());
    }
    if (!saved.open() && saved.position() != 0) {
      for (const ReadyEvent& event : admitted.page.events) {
        if (event.position == saved.position()) outbound.message = flow_.Restore(event);
      }
    }
    if (!outbound.released) {
      for (const SharedOpenEvent& event : admitted.open_messages) {
        if (saved.open() && event->position == saved.position()) outbound.message = event->message;
      }
      if (outbound.message == nullptr) continue;
    }
    if (saved.open()) outbound.token |= kOpenToken;
    if (saved.apart()) outbound.token |= kApartToken;
    if (!saved.open() && saved.position() != 0) flow_.cursor().Pass(saved.position());
    if (outbound.released) outbound.message = nullptr;
    if (outbound.id != mqtt::kNoPacketId) {
      snapshot.outbound.push_back(std::move(outbound));
    } else if (!outbound.released) {
      session_->Deliver(outbound.message, outbound.qos, outbound.token, outbound.retain,
                        outbound.subscriptions);  // waits for Resume
    }
  }
  for (uint32_t id : state.inbound()) {
    snapshot.inbound.push_back(mqtt::PacketId{static_cast<uint16_t>(id)});
  }
  if (state.next_packet_id() != 0) {
    snapshot.next_id = mqtt::PacketId{static_cast<uint16_t>(state.next_packet_id())};
  } else if (snapshot.outbound.empty() && snapshot.inbound.empty()) {
    return;
  }
  session_->Restore(snapshot);
}

v1::SessionState Client::HandOver() {
  v1::SessionState state;
  settings_.Save(&state);
  if (session_ == nullptr) return state;
  std::vector<mqtt::Session::Queued> waiting;
  if (open_ != nullptr) {
    std::vector<mqtt::Token> queued;
    for (mqtt::Session::Queued& item : session_->TakeQueue()) {
      queued.push_back(item.token);
      if ((item.token & kApartToken) != 0) waiting.push_back(std::move(item));
    }
    open_->Advance(worker_.open().position());
    open_->Save(queued, &state);
    if (retained_ != nullptr) retained_->Save(&state);
  }
  const mqtt::SessionSnapshot snapshot = session_->Snapshot();
  for (const mqtt::SessionSnapshot::Outbound& outbound : snapshot.outbound) {
    v1::SessionState::Outbound* saved = state.add_outbound();
    SaveOutbound(outbound, saved);
    saved->set_packet_id(static_cast<uint32_t>(outbound.id));
    saved->set_released(outbound.released);
  }
  for (const mqtt::Session::Queued& item : waiting) SaveOutbound(item, state.add_outbound());
  for (mqtt::PacketId id : snapshot.inbound) state.add_inbound(static_cast<uint32_t>(id));
  for (mqtt::PacketId id : publishing_) state.add_inbound(static_cast<uint32_t>(id));
  state.set_next_packet_id(static_cast<uint32_t>(snapshot.next_id));
  return state;
}

// ---- the end --------------------------------------------------------------------------------

void Client::EndAfterReplies() {
  const bool executing = end_after_requests_ && requests_ != nullptr && requests_->size() > 0;
  if (unacknowledged_replies_ == 0 && !executing) {
    worker_.ToClient(id_, [](Client& self) { self.FinishEnding(); });
    return;
  }
  if (end_at_ == 0) end_at_ = net::Loop::NowMs() + kLingerMs;
  worker_.Arm(*this);
}

void Client::FinishEnding() {
  if (closed_) return;
  if (withheld_ == mqtt::kNoHandle) return End(mqtt::Reason::kSuccess);
  session_->AckInbound(withheld_, mqtt::Reason::kImplementationSpecificError);
}

void Client::End(mqtt::Reason reason) {
  if (!closed_) connection_.Close(reason);
}

void Client::Drain() {
  draining_ = true;
  UpdateReading();
}

v1::CloseSessionRequest Client::TakenOver() {
  taken_over_ = true;
  End(mqtt::Reason::kSessionTakenOver);
  return Left(expiry_s_);
}

void Client::OnClosed(mqtt::Closed closed) {
  closed_ = true;
  static const char* const kCauses[] = {"client_disconnect", "network_lost", "protocol_error",
                                        "connect_timeout",   "keep_alive",   "refused",
                                        "unavailable",       "server"};
  const char* cause = kCauses[static_cast<size_t>(closed.cause)];
  metrics::Counter("chat_gateway_disconnects_total", "Connections ended, by cause",
                   {{"cause", cause}})
      .Increment();
  if (closed.cause == mqtt::CloseCause::kProtocolError) {
    metrics::Counter("chat_gateway_protocol_errors_total", "Connections ended by a broken clause",
                     {{"clause", closed.error.clause}})
        .Increment();
    log::Info("protocol error", {{"client", caller_.client_id()},
                                 {"peer", peer()},
                                 {"clause", closed.error.clause},
                                 {"error", closed.error.text}});
  }
  if (closed.error.reason == mqtt::Reason::kUnsupportedProtocolVersion) {
    metrics::Counter("chat_gateway_unknown_versions_total",
                     "CONNECT packets of a protocol level that is not served")
        .Increment();
    log::Info("protocol level not served", {{"peer", peer()}});
  }
  stream_->Close(kLingerMs);
  if (requests_ != nullptr) requests_->Clear();
  LeaveEverything();
  const bool ends = remove_session_ || session_id_ == 0 || SessionLife(closed) == 0;
  // The will of a session that another connection has taken is that one's to judge.
  const bool will = closed.will != nullptr && !remove_session_ && session_ != nullptr;
  const bool at_once = ends || (will && closed.will->delay_s == 0);
  if (will && at_once && !(taken_over_ && session_id_ != 0)) {
    PublishWill(parts_, caller_, token_, *closed.will);
  }
  if (will && !at_once) will_in_s_ = std::min<int64_t>(closed.will->delay_s, SessionLife(closed));
  if (session_id_ != 0 && !taken_over_) parts_.ends->Close(Left(SessionLife(closed)));
  worker_.Forget(*this);
}

void Client::OnDrained() {
  flow_.OnDrained();
  if (open_ != nullptr) open_->OnDrained();
}

void Client::LeaveEverything() {
  LeaveOpen();
  worker_.LeaveAccount(*this);
  if (session_id_ != 0) {
    parts_.registry.Leave(session_id_, ref());
  } else if (!caller_.client_id().empty()) {
    if (parts_.registry.LeaveName(caller_.client_id(), ref())) {
      parts_.names->Release(caller_.client_id());
    }
  }
  if (account_ != 0 && session_ != nullptr) parts_.leases->Remove(account_);
}

// Of the session from now on; DISCONNECT of 5.0 may have changed it.
int64_t Client::SessionLife(const mqtt::Closed& closed) const {
  if (!closed.session_expiry_s) return expiry_s_;
  return std::min<int64_t>(*closed.session_expiry_s, parts_.config.session_expiry_max_s);
}

v1::CloseSessionRequest Client::Left(int64_t expiry_s) {
  v1::CloseSessionRequest request;
  request.set_session_id(session_id_);
  request.set_epoch(epoch_);
  // A connection that was never admitted leaves the session as it found it.
  request.set_remove(session_ != nullptr && (expiry_s == 0 || remove_session_));
  if (expiry_s != expiry_s_) request.set_expiry_s(expiry_s);
  if (will_in_s_ >= 0) request.set_will_in_s(will_in_s_);
  if (session_ != nullptr) {
    SaveCursor(flow_.cursor(), request.mutable_cursor());
    *request.mutable_state() = HandOver();
  } else if (admission_ != nullptr) {
    admission_->GiveBack(&request);
  }
  return request;
}

bool Client::TakeUnstored(v1::SessionCursor* to) {
  if (session_id_ == 0 || session_ == nullptr) return false;
  const bool moved = open_ != nullptr && expiry_s_ > 0 && OpenPosition() != stored_open_position_;
  const bool state = expiry_s_ > 0 && (state_unstored_ || moved);
  CursorTracker& cursor = flow_.cursor();
  if (!cursor.dirty() && !state) return false;
  to->set_session_id(session_id_);
  to->set_epoch(epoch_);
  SaveCursor(cursor, to->mutable_cursor());
  cursor.clean();
  if (!state) return true;
  settings_.Save(to->mutable_state());
  SaveOpen(to->mutable_state());
  state_unstored_ = false;
  return true;
}

void Client::GiveBackUnstored() {
  flow_.cursor().soil();
  state_unstored_ = true;
}

}  // namespace chat::gateway
