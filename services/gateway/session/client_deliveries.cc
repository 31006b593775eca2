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

prometheus::Counter& Undelivered(const char* reason) {
  return metrics::Counter("chat_gateway_undelivered_events_total",
                          "Events that a session did not take: larger than the client takes, "
                          "transient and its queue full, or left to history as its queue is full",
                          {{"reason", reason}});
}

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

// PROTOCOL 5.6.4: a page of History becomes shorter until it fits; its last message is the next
// position.
bool Shorten(v1::History* page, size_t limit, std::string* payload) {
  while (page->data_size() > 1) {
    const double fits = static_cast<double>(limit) / static_cast<double>(payload->size());
    const int left = std::max(1, static_cast<int>(page->data_size() * std::min(fits, 0.9)));
    page->mutable_data()->DeleteSubrange(left, page->data_size() - left);
    page->set_size(page->data(left - 1).id());
    payload->clear();
    wire::Write(*page, payload);
    if (payload->size() <= limit) return true;
  }
  return false;
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
  const auto packet = static_cast<size_t>(
      std::min<int64_t>(parts_.config.max_packet, connection_.max_outbound_packet()));
  const size_t limit = packet > kHeadBytes ? packet - kHeadBytes : 0;
  if (payload.size() > limit) {
    std::unique_ptr<google::protobuf::Message> smaller(record.New());
    smaller->CopyFrom(record);
    auto* envelope = dynamic_cast<v1::Record*>(smaller.get());
    auto* page = envelope != nullptr && envelope->has_history()
                     ? envelope->mutable_history()
                     : dynamic_cast<v1::History*>(smaller.get());
    if (page == nullptr || !Shorten(page, limit, &payload)) {
      Shrink(smaller.get());
      payload.clear();
      wire::Write(*smaller, &payload);
    }
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
  OnRoom();
  if ((token & kOpenToken) != 0) return;  // its session hands over what is unacknowledged
  if (token != kReplyToken) {
    CountAcknowledged(static_cast<int64_t>(token));
    worker_.journeys().Add(v1::Note::ACKNOWLEDGED,
                           {.position = static_cast<int64_t>(token), .session = session_id_});
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

void Client::NoteDelivery(const ReadyEvent& event, mqtt::Qos qos, mqtt::Delivery delivery) {
  if (delivery == mqtt::Delivery::kDiscarded) {
    static prometheus::Counter& large = Undelivered("too_large");
    large.Increment();
  } else if (delivery == mqtt::Delivery::kFull && event.position == 0) {
    static prometheus::Counter& transient = Undelivered("transient");
    transient.Increment();
  } else if (delivery == mqtt::Delivery::kFull) {
    static prometheus::Counter& later = Undelivered("to_history");
    later.Increment();
  }
  if (event.position == 0) return;
  static constexpr v1::Note::Step kSteps[] = {v1::Note::SENT, v1::Note::QUEUED, v1::Note::BLOCKED,
                                              v1::Note::BLOCKED, v1::Note::DISCARDED};
  worker_.journeys().Add(kSteps[static_cast<size_t>(delivery)],
                         {.position = event.position,
                          .trace = event.trace,
                          .session = session_id_,
                          .qos = static_cast<uint32_t>(qos)});
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
  // O6: a connection whose gateway died may have sent it.
  const bool again = event.committed_ms != 0 && event.committed_ms <= sent_until_ms_;
  const mqtt::Delivery delivery =
      session_->Deliver(std::move(message), qos, static_cast<mqtt::Token>(event.position), false,
                        asked == nullptr ? nullptr : asked->ids, again);
  NoteDelivery(event, qos, delivery);
  const bool taken = delivery == mqtt::Delivery::kSent || delivery == mqtt::Delivery::kQueued;
  if (taken && qos != mqtt::Qos::kAtMostOnce && event.position != 0 && event.committed_ms != 0) {
    if (committed_ == nullptr) committed_ = std::make_unique<std::map<int64_t, int64_t>>();
    (*committed_)[event.position] = event.committed_ms;
  }
  return delivery;
}

void Client::AskPage(int64_t above, const std::vector<int64_t>& had) {
  static prometheus::Counter& pages = metrics::Counter("chat_gateway_replay_pages_total",
                                                       "Pages of history that sessions asked for");
  pages.Increment();
  v1::ReplayRequest request;
  request.set_account_id(account_);
  request.set_above(above);
  request.set_limit(kPageEvents);
  request.mutable_had()->Add(had.begin(), had.end());
  parts_.backends->Ask<v1::ReplayRequest, v1::ReplayReply>(
      std::move(request), [&](auto... a) { parts_.backends->delivery().async()->Replay(a...); },
      [&worker = worker_, id = id_](absl::Status status, v1::ReplayReply reply) {
        auto page = std::make_shared<EventPage>();
        page->more = reply.more();
        page->stable = reply.stable();
        for (const v1::Event& event : reply.events()) {
          page->events.push_back(MakeReady(event));
          if (page->events.back().message == nullptr)
            page->events.pop_back();  // too large for MQTT
        }
        worker.ToClient(id, [ok = status.ok(), page](Client& self) {
          ok ? self.OnPage(std::move(*page)) : self.OnPageFailed();
        });
      });
}

void Client::OnPage(EventPage page) {
  if (admission_ != nullptr) return admission_->OnPage(std::move(page));
  if (session_ == nullptr) return;
  static prometheus::Counter& replayed =
      metrics::Counter("chat_gateway_replayed_events_total", "Events read again from history");
  replayed.Increment(static_cast<double>(page.events.size()));
  flow_.OnPage(page);
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
