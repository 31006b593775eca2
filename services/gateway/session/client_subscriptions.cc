// SUBSCRIBE and UNSUBSCRIBE of a client: they set the QoS of what it holds anyway (PROTOCOL 1.4,
// O20).
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/session/client.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

// Filters of one SUBSCRIBE for which messaging is asked.
constexpr size_t kMaxFeedsAsked = 100;

// The answer to one SUBSCRIBE while access to feeds is being asked for.
struct PendingSuback {
  mqtt::PacketId id;
  std::vector<std::string> topics;
  std::vector<uint8_t> codes;
  size_t asked = 0;
};

}  // namespace

void Client::OnSubscribe(const mqtt::Subscribe& subscribe) {
  auto pending = std::make_shared<PendingSuback>();
  pending->id = subscribe.id;
  auto finish = [pending](Client& self) {
    for (size_t i = 0; i < pending->codes.size(); ++i) {
      self.Grant(pending->topics[i], &pending->codes[i]);
    }
    self.connection_.Suback(pending->id, pending->codes);
  };
  std::vector<size_t> feeds;
  for (const mqtt::Subscription& wanted : subscribe.subscriptions) {
    const ClientTopic topic = ParseClientTopic(wanted.filter);
    const auto granted = static_cast<uint8_t>(wanted.qos);
    const bool known = caller_.state() == rules::AUTHENTICATED;
    bool allowed = false;
    if (!IsWithin(wanted.filter, parts_.config.topic_bytes, parts_.config.topic_levels)) {
      allowed = false;
    } else if (topic.family == TopicFamily::kActions) {
      allowed = topic.rest == "1/api/" + caller_.client_id() ||
                topic.rest == "1/" + module_ + "/" + caller_.client_id();
    } else if (topic.family == TopicFamily::kSes) {
      allowed = known && topic.rest == caller_.phone();
    } else if (known && feeds.size() < kMaxFeedsAsked &&
               (topic.family == TopicFamily::kP2p || topic.family == TopicFamily::kRoom ||
                topic.family == TopicFamily::kAc)) {
      feeds.push_back(pending->codes.size());
    }
    pending->topics.emplace_back(wanted.filter);
    pending->codes.push_back(allowed ? granted : mqtt::kSubackFailure);
  }
  if (feeds.empty()) return finish(*this);
  pending->asked = feeds.size();
  for (size_t index : feeds) {
    v1::FeedAccessRequest request;
    request.set_account_id(account_);
    request.set_topic(pending->topics[index]);
    const auto granted = static_cast<uint8_t>(subscribe.subscriptions[index].qos);
    parts_.backends->Ask<v1::FeedAccessRequest, v1::FeedAccessReply>(
        std::move(request), [&](auto... a) { parts_.backends->feeds().async()->Access(a...); },
        [&worker = worker_, id = id_, pending, finish, index, granted](absl::Status status,
                                                                       v1::FeedAccessReply reply) {
          const bool read = status.ok() && reply.read();
          worker.ToClient(id, [pending, finish, index, granted, read](Client& self) {
            if (read) pending->codes[index] = granted;
            if (--pending->asked == 0 && !self.closed_) finish(self);
          });
        });
  }
}

// Remembers the QoS that the client asks for; the code becomes 0x80 when there are too many.
void Client::Grant(const std::string& topic, uint8_t* code) {
  if (qos_ == nullptr) qos_ = std::make_unique<std::map<std::string, mqtt::Qos, std::less<>>>();
  const bool room =
      qos_->count(topic) != 0 || qos_->size() < static_cast<size_t>(parts_.config.subscriptions);
  if (*code != mqtt::kSubackFailure && room) {
    (*qos_)[topic] = static_cast<mqtt::Qos>(*code);
    return;
  }
  *code = mqtt::kSubackFailure;
  metrics::Counter("chat_gateway_denied_subscriptions_total", "Filters answered with 0x80")
      .Increment();
  log::Info("subscription denied", {{"client", caller_.client_id()}, {"filter", topic}});
}

void Client::OnUnsubscribe(const mqtt::Unsubscribe& unsubscribe) {
  std::vector<uint8_t> codes;
  for (std::string_view filter : unsubscribe.filters) {
    codes.push_back(static_cast<uint8_t>(mqtt::Reason::kNoSubscriptionExisted));
    if (qos_ == nullptr) continue;
    const auto asked = qos_->find(filter);
    if (asked == qos_->end()) continue;
    qos_->erase(asked);
    codes.back() = 0;
  }
  connection_.Unsuback(unsubscribe.id, codes);
}

}  // namespace chat::gateway
