// What goes to a client: replies, events, pages of history (PROTOCOL 1.6, O20, O22).
#include <algorithm>

#include "chat/v1/records.pb.h"
#include "libs/metrics/metrics.h"
#include "libs/metrics/stages.h"
#include "libs/wire/translator.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/session/admission.h"
#include "services/gateway/session/client.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

constexpr int32_t kPageEvents = 200;
// Room for the fixed header and the topic of a PUBLISH.
constexpr size_t kHeadBytes = 2048;
// Messages whose acknowledgement concerns no event.
constexpr mqtt::Token kReplyToken = 0;

// PROTOCOL O22: what does not fit the packet limit loses its lists; a Profile keeps its roster ids.
void Shrink(google::protobuf::Message* record) {
  if (auto* profile = dynamic_cast<v1::Profile*>(record)) {
    for (v1::RosterOrId& roster : *profile->mutable_rosters()) {
      if (roster.has_roster()) roster.set_id(roster.roster().id());
    }
    return;
  }
  const google::protobuf::Reflection& of = *record->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  of.ListFields(*record, &fields);
  for (const auto* field : fields) {
    if (field->is_repeated()) {
      of.ClearField(record, field);
    } else if (field->message_type() != nullptr) {
      Shrink(of.MutableMessage(record, field));
    }
  }
}

}  // namespace

mqtt::Qos Client::Lowered(std::string_view topic, mqtt::Qos qos) const {
  const TopicSetting* asked = settings_.Find(topic);
  return asked == nullptr ? qos : std::min(qos, asked->qos);
}

mqtt::SharedMessage Client::Encode(const std::string& topic,
                                   const google::protobuf::Message& record,
                                   std::string_view properties) {
  std::string payload;
  wire::Write(record, &payload);
  if (payload.size() + kHeadBytes > static_cast<size_t>(parts_.config.max_packet)) {
    std::unique_ptr<google::protobuf::Message> smaller(record.New());
    smaller->CopyFrom(record);
    Shrink(smaller.get());
    payload.clear();
    wire::Write(*smaller, &payload);
  }
  return mqtt::Message::Create(topic, payload, {.properties = properties, .expires_at_ms = 0});
}

void Client::Send(const ReplyTo& to, const google::protobuf::Message& record, bool first) {
  if (!to.open.empty()) {
    return ReplyToOpen(to, std::string(Encode(to.open, record, "")->payload()));
  }
  const TopicSetting* asked = settings_.Find(to.topic);
  const mqtt::Qos qos = Lowered(to.topic, mqtt::Qos::kExactlyOnce);
  std::string name = to.name;
  if (name.empty()) name = asked != nullptr && !asked->alias.empty() ? asked->alias : to.topic;
  mqtt::SharedMessage message = Encode(name, record, to.properties);
  mqtt::SubscriptionIds ids = asked == nullptr ? nullptr : asked->ids;
  const mqtt::Delivery delivery =
      first ? session_->DeliverFirst(std::move(message), qos, kReplyToken, false, std::move(ids))
            : session_->Deliver(std::move(message), qos, kReplyToken, false, std::move(ids));
  if (delivery == mqtt::Delivery::kDiscarded) return;  // larger than the client takes
  const bool taken = delivery == mqtt::Delivery::kSent || delivery == mqtt::Delivery::kQueued;
  if (taken && qos != mqtt::Qos::kAtMostOnce) ++unacknowledged_replies_;
  if (taken) return;
  metrics::Counter("chat_gateway_dropped_replies_total",
                   "Replies that found the queue of their session full")
      .Increment();
}

void Client::OnAcknowledged(mqtt::Token token) {
  if ((token & kOpenToken) != 0) return;  // its session hands over what is unacknowledged
  if (token != kReplyToken) {
    CountAcknowledged(static_cast<int64_t>(token));
    return flow_.OnAcknowledged(static_cast<int64_t>(token));
  }
  if (unacknowledged_replies_ > 0) --unacknowledged_replies_;
  if (end_at_ != 0 && unacknowledged_replies_ == 0) EndAfterReplies();
}

void Client::OnEvent(const ReadyEvent& event) {
  if (session_ == nullptr && event.position == 0) return;  // transient, and not yet here
  if (event.message == nullptr) return OnControl(event);
  if (!event.not_to_client.empty() && event.not_to_client == caller_.client_id()) return;
  flow_.OnLive(event);
}

void Client::CountAcknowledged(int64_t position) {
  if (committed_ == nullptr) return;
  static prometheus::Histogram& acknowledge = metrics::MessageStage("acknowledge");
  const auto found = committed_->find(position);
  if (found == committed_->end()) return;
  metrics::ObserveSince(acknowledge, found->second);
  committed_->erase(found);
  if (committed_->empty()) committed_.reset();
}

void Client::OnControl(const ReadyEvent& event) {
  if (!event.ends_session || (!event.client_id.empty() && event.client_id != caller_.client_id())) {
    return;
  }
  remove_session_ = true;
  end_after_requests_ = true;
  if (event.farewell != nullptr) Send(ReplyTo{OwnTopic(), "", "", ""}, *event.farewell);
  EndAfterReplies();
}

mqtt::Qos Client::QosOf(const ReadyEvent& event) {
  return Lowered(event.message->topic(), event.qos);
}

mqtt::Delivery Client::SendEvent(const ReadyEvent& event, mqtt::Qos qos) {
  if (session_ == nullptr) return mqtt::Delivery::kFull;
  if (event.rosters_changed) {
    ++rosters_changed_;
    RefreshRosters(nullptr);
  }
  static prometheus::Counter& delivered =
      metrics::Counter("chat_gateway_deliveries_total", "Events passed on to sessions");
  delivered.Increment();
  static prometheus::Histogram& deliver = metrics::MessageStage("deliver");
  metrics::ObserveSince(deliver, event.committed_ms);
  const TopicSetting* asked = settings_.Find(event.message->topic());
  mqtt::SharedMessage message = event.message;
  if (asked != nullptr && !asked->alias.empty()) {
    message = mqtt::Message::Create(asked->alias, message->payload());
  }
  const mqtt::Delivery delivery =
      session_->Deliver(std::move(message), qos, static_cast<mqtt::Token>(event.position), false,
                        asked == nullptr ? nullptr : asked->ids);
  const bool taken = delivery == mqtt::Delivery::kSent || delivery == mqtt::Delivery::kQueued;
  if (taken && qos != mqtt::Qos::kAtMostOnce && event.position != 0 && event.committed_ms != 0) {
    if (committed_ == nullptr) committed_ = std::make_unique<std::map<int64_t, int64_t>>();
    (*committed_)[event.position] = event.committed_ms;
  }
  return delivery;
}

void Client::AskPage(int64_t above) {
  v1::ReplayRequest request;
  request.set_account_id(account_);
  request.set_above(above);
  request.set_limit(kPageEvents);
  parts_.backends->Ask<v1::ReplayRequest, v1::ReplayReply>(
      std::move(request), [&](auto... a) { parts_.backends->delivery().async()->Replay(a...); },
      [&worker = worker_, id = id_](absl::Status status, v1::ReplayReply reply) {
        auto events = std::make_shared<std::vector<ReadyEvent>>();
        for (const v1::Event& event : reply.events()) {
          events->push_back(MakeReady(event));
          if (events->back().message == nullptr) events->pop_back();  // larger than MQTT allows
        }
        worker.ToClient(id, [ok = status.ok(), events, more = reply.more()](Client& self) {
          ok ? self.OnPage(std::move(*events), more) : self.OnPageFailed();
        });
      });
}

void Client::OnPage(std::vector<ReadyEvent> events, bool more) {
  if (admission_ != nullptr) return admission_->OnPage(std::move(events), more);
  if (session_ == nullptr) return;
  static prometheus::Counter& replayed =
      metrics::Counter("chat_gateway_replayed_events_total", "Events read again from history");
  replayed.Increment(static_cast<double>(events.size()));
  flow_.OnPage(events, more);
}

void Client::OnPageFailed() {
  if (admission_ != nullptr) return admission_->OnPageFailed();
  flow_.OnPageFailed();
}

void Client::RefreshRosters(std::function<void(Client&, const absl::Status&)> done) {
  v1::OpenProfileRequest request;
  request.set_account_id(account_);
  parts_.backends->Ask<v1::OpenProfileRequest, v1::AccountReply>(
      std::move(request), [&](auto... a) { parts_.backends->profile().async()->Open(a...); },
      [&worker = worker_, id = id_, done = std::move(done), asked = rosters_changed_](
          absl::Status status, v1::AccountReply reply) {
        worker.ToClient(
            id, [status = std::move(status), done, asked,
                 reply = std::make_shared<v1::AccountReply>(std::move(reply))](Client& self) {
              // The answers may come in another order than they were asked for.
              if (status.ok() && asked >= self.rosters_known_) {
                self.rosters_known_ = asked;
                self.caller_.set_phone(reply->phone());
                *self.caller_.mutable_rosters() = reply->rosters();
              }
              if (done) done(self, status);
            });
      });
}

}  // namespace chat::gateway
