// A client's part of the open topics (PROTOCOL 1.10, O19).
#include <random>

#include "libs/metrics/metrics.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/session/client.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

constexpr int kPage = 500;
// Of retained messages, so many bytes wait to be written at most.
constexpr size_t kMaxAhead = 256 * 1024;

int64_t NewNonce() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return -static_cast<int64_t>(random() >> 1) - 1;
}

std::vector<SharedOpenEvent> EventsOf(const v1::OpenReadReply& reply, const OpenFilters& open) {
  std::vector<SharedOpenEvent> events;
  for (const v1::OpenMessage& message : reply.messages()) {
    if (SharedOpenEvent event = MakeOpenEvent(message, open)) events.push_back(std::move(event));
  }
  return events;
}

}  // namespace

bool Client::MayUseOpen() const {
  return caller_.state() == rules::AUTHENTICATED || parts_.config.allow_anonymous;
}

OpenSession& Client::open() {
  if (open_ == nullptr) {
    open_ = std::make_unique<OpenSession>(*this, caller_.client_id());
    open_->StartAt(std::max<int64_t>(worker_.open().position(), 0));
  }
  return *open_;
}

// ---- publishing -----------------------------------------------------------------------------

void Client::PublishOpen(const mqtt::Publish& publish, mqtt::InboundHandle handle) {
  v1::OpenMessage message;
  message.set_topic(std::string(publish.topic));
  message.set_payload(std::string(publish.payload));
  message.set_qos(static_cast<uint32_t>(publish.qos));
  message.set_retain(publish.retain);
  message.set_properties(mqtt::PassedOn(publish.properties));
  message.set_client_id(caller_.client_id());
  message.set_nonce(NewNonce());
  if (const auto expiry = mqtt::FindNumber(publish.properties, mqtt::PropertyId::kMessageExpiry)) {
    message.set_expires_at_ms(UnixNowMs() + int64_t{*expiry} * 1000);
  }
  // Not to be handled twice, should the connection end before it is committed [MQTT-4.3.3-2].
  std::shared_ptr<const v1::OpenMessage> once;
  if (publish.qos == mqtt::Qos::kExactlyOnce) {
    once = std::make_shared<const v1::OpenMessage>(message);
    publishing_.push_back(publish.id);
  }
  worker_.open().Publish(std::move(message), [&worker = worker_, id = id_, handle, once,
                                              packet = publish.id](bool ok) {
    Client* self = worker.Find(id);
    if (self == nullptr || self->closed_) {
      if (!ok && once != nullptr) worker.open().PublishLater(once);
      return;
    }
    if (once != nullptr) std::erase(self->publishing_, packet);
    self->session_->AckInbound(
        handle, ok ? mqtt::Reason::kSuccess : mqtt::Reason::kImplementationSpecificError);
  });
}

void Client::ReplyToOpen(const ReplyTo& to, const std::string& payload) {
  v1::OpenMessage message;
  message.set_topic(to.open);
  message.set_payload(payload);
  message.set_qos(1);
  message.set_properties(to.properties);
  worker_.open().Publish(std::move(message), [](bool) {});
}

// ---- subscriptions --------------------------------------------------------------------------

void Client::AddOpen(const std::string& filter, const OpenSubscription& subscription) {
  open().Advance(worker_.open().position());
  if (open().Subscribe(filter, subscription)) worker_.open().Subscribe(filter, id_);
  state_unstored_ = true;
}

bool Client::RemoveOpen(std::string_view filter) {
  if (open_ == nullptr || !open_->Unsubscribe(filter)) return false;
  state_unstored_ = true;
  if (retained_ != nullptr) retained_->Remove(filter);
  worker_.open().Unsubscribe(std::string(filter), id_);
  return true;
}

void Client::LeaveOpen() {
  if (open_ == nullptr) return;
  for (const auto& [filter, subscription] : open_->subscriptions()) {
    worker_.open().Unsubscribe(filter, id_);
  }
}

void Client::ResumeOpen(const v1::SessionState& state) {
  if (state.open().empty()) return;
  open().Load(state);
  retained().Load(state, *open_);
  for (const auto& [filter, subscription] : open_->subscriptions()) {
    worker_.open().Subscribe(filter, id_);
  }
}

RetainedFlow& Client::retained() {
  if (retained_ == nullptr) retained_ = std::make_unique<RetainedFlow>(*this);
  return *retained_;
}

void Client::AskRetained(const std::string& filter, const std::string& after) {
  v1::OpenRetainedRequest request;
  request.set_filter(filter);
  request.set_after(after);
  parts_.backends->Ask<v1::OpenRetainedRequest, v1::OpenRetainedReply>(
      std::move(request), [&](auto... a) { parts_.backends->open().async()->Retained(a...); },
      [&worker = worker_, id = id_](absl::Status status, v1::OpenRetainedReply reply) {
        auto page = std::make_shared<v1::OpenRetainedReply>(std::move(reply));
        worker.ToClient(id, [ok = status.ok(), page](Client& self) {
          if (self.closed_ || self.retained_ == nullptr) return;
          ok ? self.retained_->OnPage(std::move(*page)) : self.retained_->OnPageFailed();
          if (self.retained_->idle()) self.retained_.reset();
        });
      });
}

// MQTT-3.3.1-6, MQTT-3.3.1-8. Only while nothing waits: of what is left when the connection ends,
// the session knows where to go on.
bool Client::SendRetained(const v1::OpenMessage& message, const OpenSubscription& subscription) {
  if (closed_) return false;
  if (!session_->HasRoom() || stream_->unwritten() > kMaxAhead) return false;
  if (subscription.no_local && message.client_id() == caller_.client_id()) return true;
  const SharedOpenEvent event = MakeOpenEvent(message, parts_.open);
  if (event == nullptr) return true;
  const mqtt::Token token = kOpenToken | kApartToken | static_cast<uint64_t>(event->position);
  return session_->Deliver(event->message, std::min(subscription.qos, event->qos), token, true,
                           OneId(subscription.id)) != mqtt::Delivery::kFull;
}

void Client::OnRoom() {
  if (retained_ == nullptr || closed_) return;
  retained_->OnRoom();
  if (retained_->idle()) retained_.reset();
}

void Client::SaveOpen(v1::SessionState* state) {
  if (open_ == nullptr) return;
  const std::vector<mqtt::Token> left = session_->Tokens();
  open_->Save(left, state);
  if (retained_ != nullptr) retained_->Save(state);
  stored_open_position_ = state->open_position();
}

int64_t Client::OpenPosition() {
  open_->Advance(worker_.open().position());
  return open_->SeenWithout(session_->Tokens());
}

// ---- what comes -----------------------------------------------------------------------------

void Client::OnOpen(const SharedOpenEvent& event) {
  if (open_ != nullptr && session_ != nullptr && !closed_) open_->OnLive(event);
}

bool Client::OnOpenShared(const OpenEvent& event, const std::string& filter) {
  if (open_ == nullptr || session_ == nullptr || closed_) return false;
  return open_->OnShared(event, filter);
}

mqtt::Delivery Client::SendOpen(const OpenEvent& event, mqtt::Qos qos, bool retain,
                                mqtt::SubscriptionIds ids, bool shared) {
  static prometheus::Counter& delivered =
      metrics::Counter("chat_gateway_open_deliveries_total", "Messages of open topics passed on");
  delivered.Increment();
  const mqtt::Token token =
      kOpenToken | (shared ? kApartToken : 0) | static_cast<uint64_t>(event.position);
  return session_->Deliver(event.message, qos, token, retain, std::move(ids));
}

void Client::AskLog(int64_t above) {
  v1::OpenReadRequest request;
  request.set_above(above);
  request.set_limit(kPage);
  parts_.backends->Ask<v1::OpenReadRequest, v1::OpenReadReply>(
      std::move(request), [&](auto... a) { parts_.backends->open().async()->Read(a...); },
      [&worker = worker_, id = id_](absl::Status status, v1::OpenReadReply reply) {
        auto events =
            std::make_shared<std::vector<SharedOpenEvent>>(EventsOf(reply, worker.parts().open));
        worker.ToClient(
            id, [ok = status.ok(), events, more = reply.more(), top = reply.top()](Client& self) {
              if (self.open_ == nullptr || self.closed_) return;
              if (!ok) return self.open_->OnPageFailed();
              self.worker_.open().Learn(top);
              self.open_->OnPage(*events, more, top, self.worker_.open().position());
            });
      });
}

void Client::AskClaim(uint64_t claim, const SharedOpenEvent& event, const std::string& filter) {
  worker_.open().Claim(event, filter,
                       [&worker = worker_, id = id_, claim](std::optional<bool> granted) {
                         Client* self = worker.Find(id);
                         if (self == nullptr || self->open_ == nullptr || self->closed_) return;
                         self->open_->claims().OnAnswer(claim, granted);
                       });
}

void Client::RetryOpen() {
  if (session_ == nullptr || closed_) return;
  if (open_ != nullptr) open_->Retry();
  if (retained_ != nullptr) retained_->Retry();
}

}  // namespace chat::gateway
