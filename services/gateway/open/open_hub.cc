#include "services/gateway/open/open_hub.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/session/will.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

constexpr size_t kBatch = 500;
constexpr size_t kBatchBytes = 2 << 20;
// Publishes of one worker that wait for a batch; more are refused (PROTOCOL O4).
constexpr size_t kMaxOutbox = 20'000;
constexpr int kPage = 500;
constexpr char kChannel[] = "open";

}  // namespace

// ---- what clients publish -------------------------------------------------------------------

void OpenHub::Publish(v1::OpenMessage message, std::function<void(bool)> done) {
  static prometheus::Counter& published =
      metrics::Counter("chat_gateway_open_publishes_total", "PUBLISHes to open topics");
  published.Increment();
  if (message.qos() == 0 && !message.retain()) {
    worker_.parts().publisher->Publish({{kChannel, message.SerializeAsString()}});
    return done(true);
  }
  if (outbox_.size() >= kMaxOutbox) return done(false);
  outbox_.emplace_back(std::move(message), std::move(done));
  if (!sending_) SendBatch();
}

void OpenHub::PublishLater(std::shared_ptr<const v1::OpenMessage> message) {
  if (later_.size() < kMaxOutbox) later_.push_back(std::move(message));
}

// One batch is under way at a time, so the log has the order of the calls.
void OpenHub::SendBatch() {
  v1::OpenPublishRequest request;
  auto waiting = std::make_shared<std::vector<std::function<void(bool)>>>();
  size_t bytes = 0;
  while (waiting->size() < outbox_.size() && waiting->size() < kBatch && bytes < kBatchBytes) {
    auto& [message, done] = outbox_[waiting->size()];
    bytes += message.payload().size() + message.topic().size();
    *request.add_messages() = std::move(message);
    waiting->push_back(std::move(done));
  }
  outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(waiting->size()));
  sending_ = true;
  Backends& backends = *worker_.parts().backends;
  backends.Ask<v1::OpenPublishRequest, v1::OpenPublishReply>(
      std::move(request), [&](auto... a) { backends.open().async()->Publish(a...); },
      [this, waiting](absl::Status status, v1::OpenPublishReply reply) {
        worker_.Post([this, waiting, ok = status.ok()] {
          sending_ = false;
          for (const auto& done : *waiting) done(ok);
          if (!sending_ && !outbox_.empty()) SendBatch();
        });
      });
}

// ---- subscriptions --------------------------------------------------------------------------

// One on this worker; the members of a group may be anywhere.
struct OpenHub::Group final : Claims::Host {
  Group(OpenHub& hub_, std::string filter_) : hub(hub_), filter(std::move(filter_)) {}

  void AskClaim(uint64_t id, const SharedOpenEvent& event, const std::string&) override {
    hub.Claim(event, filter, [&hub = hub, filter = filter, id](std::optional<bool> granted) {
      const auto group = hub.groups_.find(filter);
      if (group == hub.groups_.end()) return;
      const std::shared_ptr<Group> kept = group->second;  // its last member may leave meanwhile
      kept->claims.OnAnswer(id, granted);
    });
  }
  bool OnGranted(const OpenEvent& event, const std::string&) override {
    const std::vector<uint64_t> now = members;
    for (size_t i = 0; i < now.size(); ++i) {
      Client* client = hub.worker_.Find(now[next++ % now.size()]);
      if (client != nullptr && client->OnOpenShared(event, filter)) return true;
    }
    return false;
  }

  OpenHub& hub;
  const std::string filter;
  std::vector<uint64_t> members;
  size_t next = 0;
  Claims claims{*this};
};

OpenHub::OpenHub(Worker& worker) : worker_(worker) {}
OpenHub::~OpenHub() = default;

void OpenHub::Subscribe(const std::string& filter, uint64_t client) {
  const auto shared = mqtt::ParseShared(filter);
  if (!filter.starts_with(mqtt::kSharePrefix) || !shared) return filters_.Add(filter, client);
  std::shared_ptr<Group>& group = groups_[filter];
  if (group == nullptr) {
    group = std::make_shared<Group>(*this, filter);
    shares_.Add(shared->filter, filter);
  }
  group->members.push_back(client);
}

void OpenHub::Unsubscribe(const std::string& filter, uint64_t client) {
  const auto shared = mqtt::ParseShared(filter);
  if (!shared) return filters_.Remove(filter, client);
  const auto group = groups_.find(filter);
  if (group == groups_.end()) return;
  std::erase(group->second->members, client);
  if (!group->second->members.empty()) return;
  shares_.Remove(shared->filter, filter);
  groups_.erase(group);
}

// ---- events ---------------------------------------------------------------------------------

void OpenHub::OnEvent(const SharedOpenEvent& event) {
  if (event->position == 0) return PassOn(event);
  if (position_ < 0) position_ = event->position - 1;
  if (event->position <= position_) return;
  if (event->position > position_ + 1) return CatchUp();  // a hole: the log has what lies in it
  position_ = event->position;
  PassOn(event);
  CallWaiting();
}

void OpenHub::PassOn(const SharedOpenEvent& event) {
  // A client comes once, whatever the number of its filters that match.
  std::vector<uint64_t> clients;
  filters_.Match(event->message->topic(), [&](uint64_t client) { clients.push_back(client); });
  std::sort(clients.begin(), clients.end());
  clients.erase(std::unique(clients.begin(), clients.end()), clients.end());
  for (const uint64_t id : clients) {
    if (Client* client = worker_.Find(id)) client->OnOpen(event);
  }
  PassOnShared(event);
}

void OpenHub::PassOnShared(const SharedOpenEvent& event) {
  std::vector<std::string> wanted;
  shares_.Match(event->message->topic(), [&](const std::string& f) { wanted.push_back(f); });
  for (const std::string& filter : wanted) groups_.at(filter)->claims.Add(event, filter);
}

void OpenHub::Claim(const SharedOpenEvent& event, const std::string& filter,
                    std::function<void(std::optional<bool>)> done) {
  v1::OpenClaimRequest request;
  request.set_message(event->name);
  request.set_group(filter);
  Backends& backends = *worker_.parts().backends;
  backends.Ask<v1::OpenClaimRequest, v1::OpenClaimReply>(
      std::move(request), [&](auto... a) { backends.open().async()->Claim(a...); },
      [this, done = std::move(done)](absl::Status status, v1::OpenClaimReply reply) {
        const auto granted = status.ok() ? std::optional(reply.granted()) : std::nullopt;
        worker_.Post([done, granted] { done(granted); });
      });
}

// ---- the log --------------------------------------------------------------------------------

void OpenHub::Learn(int64_t top) {
  if (position_ < 0) {
    position_ = top;
  } else if (top > position_) {
    CatchUp();
  }
}

void OpenHub::WhenAt(int64_t top, std::function<void()> then) {
  waiting_.emplace(top, std::move(then));
  Learn(top);
  CallWaiting();
}

void OpenHub::CallWaiting() {
  while (!waiting_.empty() && waiting_.begin()->first <= position_) {
    const std::function<void()> then = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    then();
  }
}

void OpenHub::CatchUp() {
  if (reading_) return;
  reading_ = true;
  v1::OpenReadRequest request;
  request.set_above(std::max<int64_t>(position_, 0));
  request.set_limit(kPage);
  Backends& backends = *worker_.parts().backends;
  backends.Ask<v1::OpenReadRequest, v1::OpenReadReply>(
      std::move(request), [&](auto... a) { backends.open().async()->Read(a...); },
      [this](absl::Status status, v1::OpenReadReply reply) {
        worker_.Post([this, ok = status.ok(),
                      reply = std::make_shared<v1::OpenReadReply>(std::move(reply))] {
          reading_ = false;
          if (!ok) return;  // the next tick tries again
          for (const v1::OpenMessage& message : reply->messages()) {
            if (message.position() <= position_) continue;
            position_ = message.position();
            if (SharedOpenEvent event = MakeOpenEvent(message, worker_.parts().open)) PassOn(event);
          }
          if (!reply->more()) position_ = std::max(position_, reply->top());
          CallWaiting();
          if (reply->more()) CatchUp();
        });
      });
}

void OpenHub::OnRedis(bool up) {
  redis_up_ = up;
  if (up && position_ >= 0) CatchUp();  // what was announced meanwhile is lost
}

void OpenHub::Tick() {
  for (const auto& message : std::exchange(later_, {})) {
    Publish(*message, [this, message](bool ok) {
      if (!ok) PublishLater(message);
    });
  }
  std::vector<std::shared_ptr<Group>> groups;
  for (const auto& [filter, group] : groups_) groups.push_back(group);
  for (const auto& group : groups) group->claims.Retry();
  const bool wanted = !waiting_.empty() || !filters_.empty() || !groups_.empty();
  if ((!redis_up_ || !waiting_.empty()) && position_ >= 0 && wanted) CatchUp();
  if (worker_.index() == 0) TakeWills();
}

void OpenHub::TakeWills() {
  GatewayParts& parts = worker_.parts();
  v1::TakeWillsRequest request;
  request.set_gateway(parts.address);
  parts.backends->Ask<v1::TakeWillsRequest, v1::TakeWillsReply>(
      std::move(request), [&](auto... a) { parts.backends->open().async()->TakeWills(a...); },
      [&parts](absl::Status status, v1::TakeWillsReply reply) {
        if (!status.ok()) return;
        for (const v1::StoredWill& will : reply.wills()) PublishStoredWill(parts, will);
      });
}

}  // namespace chat::gateway
