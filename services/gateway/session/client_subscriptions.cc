// SUBSCRIBE and UNSUBSCRIBE of a client: they set the QoS of what it holds anyway (PROTOCOL 1.4,
// O20).
#include <algorithm>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/mqtt/topic.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/router/topics.h"
#include "services/gateway/session/client.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

// Filters of one SUBSCRIBE for which messaging is asked.
constexpr size_t kMaxFeedsAsked = 100;

}  // namespace

struct Client::SubscribeWish {
  std::string filter;  // as the client said it
  CanonicalTopic topic;
  TopicSetting setting;
  uint8_t code = mqtt::kSubackFailure;  // PROTOCOL 1.2
  bool open = false;                    // PROTOCOL 1.10
  bool retained = false;                // its retained messages are wanted
  OpenSubscription subscription = {};
};

// The answer to one SUBSCRIBE while access to feeds is being asked for.
struct Client::PendingSuback {
  mqtt::PacketId id;
  std::vector<SubscribeWish> wishes;
  size_t too_many = 0;  // further filters, refused unread
  size_t asked = 0;
};

void Client::OnSubscribe(const mqtt::Subscribe& subscribe) {
  auto pending = std::make_shared<PendingSuback>();
  pending->id = subscribe.id;
  auto finish = [pending](Client& self) { self.LearnTop(pending); };
  const mqtt::SubscriptionIds ids =
      OneId(mqtt::FindNumber(subscribe.properties, mqtt::PropertyId::kSubscriptionId).value_or(0));
  const bool known = caller_.state() == rules::AUTHENTICATED;
  std::vector<size_t> feeds;
  const auto limit = static_cast<size_t>(parts_.config.subscriptions);
  for (const mqtt::Subscription& wanted : subscribe.subscriptions) {
    if (pending->wishes.size() >= limit) {
      ++pending->too_many;
      continue;
    }
    SubscribeWish wish{.filter = std::string(wanted.filter),
                       .topic = Canonical(wanted.filter, parts_.config.topic_aliases),
                       .setting = {.qos = wanted.qos, .ids = ids, .alias = ""},
                       .subscription = {.qos = wanted.qos,
                                        .no_local = wanted.no_local,
                                        .retain_as_published = wanted.retain_as_published,
                                        .id = ids == nullptr ? 0 : ids->front()}};
    const bool v5 = version() == mqtt::Version::k5;
    const auto shared = v5 ? mqtt::ParseShared(wanted.filter) : std::nullopt;
    const std::string_view filter = shared ? shared->filter : wanted.filter;
    if (!IsWithin(wanted.filter, parts_.config.topic_bytes, parts_.config.topic_levels)) {
      pending->wishes.push_back(std::move(wish));
      continue;
    }
    if (MayUseOpen() && parts_.open.OpensFilter(filter)) {
      wish.open = true;
      wish.code = static_cast<uint8_t>(wanted.qos);
      const bool fresh = open_ == nullptr || !open_->subscriptions().contains(wish.filter);
      wish.retained =
          !shared && (wanted.retain_handling == mqtt::RetainHandling::kAlways ||
                      (wanted.retain_handling == mqtt::RetainHandling::kOnlyIfNew && fresh));
      pending->wishes.push_back(std::move(wish));
      continue;
    }
    if (wish.topic.renamed) wish.setting.alias = wish.filter;
    const ClientTopic topic = ParseClientTopic(wish.topic.topic);
    if (IsOwnActions(topic) ||
        (topic.family == TopicFamily::kSes && known && topic.rest == caller_.phone())) {
      wish.code = static_cast<uint8_t>(wanted.qos);
    } else if (known && feeds.size() < kMaxFeedsAsked &&
               (topic.family == TopicFamily::kP2p || topic.family == TopicFamily::kRoom ||
                topic.family == TopicFamily::kAc || topic.family == TopicFamily::kMuc)) {
      feeds.push_back(pending->wishes.size());
    }
    pending->wishes.push_back(std::move(wish));
  }
  if (feeds.empty()) return finish(*this);
  pending->asked = feeds.size();
  for (size_t index : feeds) {
    v1::FeedAccessRequest request;
    request.set_account_id(account_);
    request.set_topic(pending->wishes[index].topic.topic);
    parts_.backends->Ask<v1::FeedAccessRequest, v1::FeedAccessReply>(
        std::move(request), [&](auto... a) { parts_.backends->feeds().async()->Access(a...); },
        [&worker = worker_, id = id_, pending, finish, index](absl::Status status,
                                                              v1::FeedAccessReply reply) {
          const bool read = status.ok() && reply.read();
          worker.ToClient(id, [pending, finish, index, read](Client& self) {
            SubscribeWish& wish = pending->wishes[index];
            if (read) wish.code = static_cast<uint8_t>(wish.setting.qos);
            if (--pending->asked == 0 && !self.closed_) finish(self);
          });
        });
  }
}

// An open filter begins where this gateway stands in the log when it has passed on all that was
// there at the SUBSCRIBE: what is retained up to that position comes as retained, what is above it
// as it is published, nothing twice, and nothing published after SUBACK is missed.
void Client::LearnTop(std::shared_ptr<PendingSuback> pending) {
  const auto& wishes = pending->wishes;
  if (std::none_of(wishes.begin(), wishes.end(), [](const auto& wish) { return wish.open; })) {
    return GrantAll(std::move(pending));
  }
  ++learning_;
  UpdateReading();
  parts_.backends->Ask<v1::OpenRetainedRequest, v1::OpenRetainedReply>(
      v1::OpenRetainedRequest(),
      [&](auto... a) { parts_.backends->open().async()->Retained(a...); },
      [&worker = worker_, id = id_, pending](absl::Status status, v1::OpenRetainedReply reply) {
        const auto learned = [&worker, id, pending] {
          Client* self = worker.Find(id);
          if (self == nullptr || self->closed_) return;
          --self->learning_;
          self->GrantAll(pending);
          self->UpdateReading();
        };
        worker.Post([&worker, pending, learned, ok = status.ok(), top = reply.top()] {
          if (ok) return worker.open().WhenAt(top, learned);
          for (SubscribeWish& wish : pending->wishes) {
            if (wish.open) wish.code = mqtt::kSubackFailure;
          }
          learned();
        });
      });
}

void Client::GrantAll(std::shared_ptr<PendingSuback> pending) {
  for (SubscribeWish& wish : pending->wishes) Grant(wish);
  StoreThen([pending](Client& self) { self.FinishSubscribe(*pending); });
}

// Of a stored session, SUBACK and UNSUBACK promise that what they say outlives the gateway.
void Client::StoreThen(std::function<void(Client&)> answer) {
  v1::FlushCursorsRequest request;
  if (expiry_s_ == 0 || !state_unstored_ || !TakeUnstored(request.add_sessions())) {
    return answer(*this);
  }
  parts_.backends->Ask<v1::FlushCursorsRequest, v1::FlushCursorsReply>(
      std::move(request),
      [&](auto... a) { parts_.backends->delivery().async()->FlushCursors(a...); },
      [&worker = worker_, id = id_, answer = std::move(answer)](absl::Status status,
                                                                v1::FlushCursorsReply) {
        worker.ToClient(id, [answer, ok = status.ok()](Client& self) {
          if (!ok) self.GiveBackUnstored();  // a later flush stores it
          if (!self.closed_) answer(self);
        });
      });
}

void Client::FinishSubscribe(PendingSuback& pending) {
  std::vector<uint8_t> codes;
  for (const SubscribeWish& wish : pending.wishes) codes.push_back(wish.code);
  codes.resize(codes.size() + pending.too_many, static_cast<uint8_t>(mqtt::Reason::kQuotaExceeded));
  connection_.Suback(pending.id, codes);
  for (const SubscribeWish& wish : pending.wishes) {
    if (closed_) return;
    if (wish.retained && wish.code < mqtt::kSubackFailure) {
      retained().Add(wish.filter, wish.subscription);
    }
  }
}

// Remembers what the client asks for; the code becomes 0x97 when there are too many.
void Client::Grant(SubscribeWish& wish) {
  if (wish.code < mqtt::kSubackFailure) {
    const auto limit = static_cast<size_t>(parts_.config.subscriptions);
    if (wish.open) {
      const bool held = open_ != nullptr && open_->subscriptions().contains(wish.filter);
      if (held || open_ == nullptr || open_->subscriptions().size() < limit) {
        wish.subscription.from = worker_.open().position();
        return AddOpen(wish.filter, wish.subscription);
      }
    } else if (const TopicSetting* held = settings_.Find(wish.topic.topic);
               held != nullptr && *held == wish.setting) {
      return;
    } else if (settings_.Set(wish.topic.topic, std::move(wish.setting), limit)) {
      state_unstored_ = true;
      return;
    }
    wish.code = static_cast<uint8_t>(mqtt::Reason::kQuotaExceeded);
  }
  metrics::Counter("chat_gateway_denied_subscriptions_total", "Filters that were refused")
      .Increment();
  Log("subscription denied", {{"client", caller_.client_id()}, {"filter", wish.filter}});
}

void Client::OnUnsubscribe(const mqtt::Unsubscribe& unsubscribe) {
  std::vector<uint8_t> codes;
  for (std::string_view filter : unsubscribe.filters) {
    const CanonicalTopic topic = Canonical(filter, parts_.config.topic_aliases);
    const bool set = settings_.Remove(topic.topic);
    state_unstored_ = state_unstored_ || set;
    codes.push_back(
        set || RemoveOpen(filter) ? 0 : static_cast<uint8_t>(mqtt::Reason::kNoSubscriptionExisted));
  }
  StoreThen([id = unsubscribe.id, codes = std::move(codes)](Client& self) {
    self.connection_.Unsuback(id, codes);
  });
}

}  // namespace chat::gateway
