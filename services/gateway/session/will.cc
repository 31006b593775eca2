#include "services/gateway/session/will.h"

#include <algorithm>
#include <chrono>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/router/direct.h"
#include "services/gateway/router/router.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

void CountWill(const char* outcome) {
  metrics::Counter("chat_gateway_wills_total", "Will messages that were due, by outcome",
                   {{"outcome", outcome}})
      .Increment();
}

void Drop(const v1::Caller& caller, const std::string& topic, const char* why) {
  CountWill("dropped");
  log::Info("will dropped", {{"client", caller.client_id()}, {"topic", topic}, {"reason", why}});
}

void PublishOpenWill(GatewayParts& parts, const v1::Caller& caller, const mqtt::StoredWill& will) {
  const bool may = caller.state() == rules::AUTHENTICATED || parts.config.allow_anonymous;
  if (!may || !parts.open.OpensTopic(will.topic)) {
    return Drop(caller, will.topic, "not_allowed");
  }
  v1::OpenMessage message;
  message.set_topic(will.topic);
  message.set_payload(will.payload);
  message.set_qos(static_cast<uint32_t>(will.qos));
  message.set_retain(will.retain);
  message.set_properties(will.properties);
  message.set_client_id(caller.client_id());
  if (will.expiry_s) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    message.set_expires_at_ms(now.count() + int64_t{*will.expiry_s} * 1000);
  }
  Worker& worker = *parts.workers[0];
  worker.Post([&worker, message = std::move(message)] {
    worker.open().Publish(message, [](bool ok) { CountWill(ok ? "published" : "refused"); });
  });
}

void Request(GatewayParts& parts, v1::Caller caller, const std::string& token,
             const mqtt::StoredWill& will) {
  auto routed = RouteRequest(will.payload, parts.term_limits, caller);
  if (std::holds_alternative<Refused>(routed)) return Drop(caller, will.topic, "refused");
  const Routed& request = std::get<Routed>(routed);
  if (request.route->token) caller.set_token(token);
  uint64_t lane = 0;
  if (!request.route->ordered_by.empty()) {
    lane = parts.backends->LaneFor(FeedHash(*request.route, *request.request, caller));
  }
  parts.backends->Call(
      *request.route, *request.request, caller, lane,
      [](absl::Status status, v1::Reply) { CountWill(status.ok() ? "published" : "refused"); });
  parts.backends->Flush();
}

}  // namespace

void Relay(Backends& backends, const v1::RelayRequest& request,
           std::function<void(absl::Status)> done) {
  const TopicFamily family = ParseClientTopic(request.topic()).family;
  const auto finish = [done = std::move(done)](absl::Status status, v1::RelayReply) {
    done(std::move(status));
  };
  const bool feed = family == TopicFamily::kP2p || family == TopicFamily::kRoom;
  backends.Ask<v1::RelayRequest, v1::RelayReply>(
      request,
      [&](auto... a) {
        if (feed) {
          backends.feeds().async()->Relay(a...);
        } else {
          backends.roster().async()->Relay(a...);
        }
      },
      finish);
}

void PublishWill(GatewayParts& parts, const v1::Caller& caller, const std::string& token,
                 const mqtt::StoredWill& will) {
  const CanonicalTopic topic = Canonical(will.topic, parts.config.topic_aliases);
  switch (ParseClientTopic(topic.topic).family) {
    case TopicFamily::kVersion:
      return;
    case TopicFamily::kEvents:
      return Request(parts, caller, token, will);
    case TopicFamily::kSes:
    case TopicFamily::kAc:
    case TopicFamily::kP2p:
    case TopicFamily::kRoom:
      break;
    default:
      return PublishOpenWill(parts, caller, will);
  }
  if (caller.state() != rules::AUTHENTICATED) return Drop(caller, will.topic, "not_allowed");
  const DirectKind kind = ClassifyDirect(will.payload, parts.term_limits, caller);
  if (kind == DirectKind::kRequest) return Request(parts, caller, token, will);
  if (kind != DirectKind::kTerm) return Drop(caller, will.topic, "not_for_a_feed");
  v1::RelayRequest relay;
  relay.set_account_id(caller.account_id());
  relay.set_topic(topic.topic);
  relay.set_payload(will.payload);
  relay.set_qos(static_cast<uint32_t>(will.qos));
  relay.set_client_id(caller.client_id());
  Relay(*parts.backends, relay,
        [](absl::Status status) { CountWill(status.ok() ? "published" : "refused"); });
}

v1::StoredWill ToStored(const mqtt::Will& will) {
  v1::StoredWill stored;
  stored.set_topic(std::string(will.topic));
  stored.set_payload(std::string(will.payload));
  stored.set_qos(static_cast<uint32_t>(will.qos));
  stored.set_retain(will.retain);
  stored.set_delay_s(mqtt::FindNumber(will.properties, mqtt::PropertyId::kWillDelay).value_or(0));
  if (const auto expiry = mqtt::FindNumber(will.properties, mqtt::PropertyId::kMessageExpiry)) {
    stored.set_expiry_s(*expiry);
  }
  stored.set_properties(mqtt::PassedOn(will.properties));
  return stored;
}

void PublishStoredWill(GatewayParts& parts, const v1::StoredWill& stored) {
  mqtt::StoredWill will;
  will.topic = stored.topic();
  will.payload = stored.payload();
  will.qos = static_cast<mqtt::Qos>(std::min<uint32_t>(stored.qos(), 2));
  will.retain = stored.retain();
  will.properties = stored.properties();
  if (stored.has_expiry_s()) will.expiry_s = static_cast<uint32_t>(stored.expiry_s());
  v1::Caller caller = stored.caller();
  if (caller.account_id() == 0) return PublishWill(parts, caller, "", will);
  v1::OpenProfileRequest request;
  request.set_account_id(caller.account_id());
  parts.backends->Ask<v1::OpenProfileRequest, v1::AccountReply>(
      std::move(request), [&](auto... a) { parts.backends->profile().async()->Open(a...); },
      [&parts, caller, will](absl::Status status, v1::AccountReply reply) mutable {
        if (!status.ok()) return Drop(caller, will.topic, "profile_away");
        caller.set_phone(reply.phone());
        *caller.mutable_rosters() = reply.rosters();
        PublishWill(parts, caller, "", will);
      });
}

}  // namespace chat::gateway
