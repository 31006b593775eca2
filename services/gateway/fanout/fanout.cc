#include "services/gateway/fanout/fanout.h"

#include <charconv>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/wire/translator.h"

namespace chat::gateway {

namespace {

constexpr char kHorizon[] = "horizon";

std::string ChannelOf(int64_t account) { return "a:" + std::to_string(account); }

int64_t AccountOf(std::string_view channel) {
  int64_t account = 0;
  if (!channel.starts_with("a:")) return 0;
  std::from_chars(channel.data() + 2, channel.data() + channel.size(), account);
  return account;
}

}  // namespace

ReadyEvent MakeReady(const v1::Event& event) {
  ReadyEvent ready;
  ready.feed = event.feed();
  ready.position = event.lane() == v1::Event::TRANSIENT ? 0 : event.position();
  ready.previous = event.previous();
  ready.qos = static_cast<mqtt::Qos>(std::min<uint32_t>(event.qos(), 2));
  ready.rosters_changed = event.change().rosters();
  ready.committed_ms = event.committed_ms();
  ready.not_to_client = event.not_to_client();
  std::string payload;
  wire::Write(event.record(), &payload);
  ready.message = mqtt::Message::Create(event.topic(), payload);
  if (event.has_unseen()) {
    ready.first = event.first();
    payload.clear();
    wire::Write(event.unseen(), &payload);
    ready.unseen = mqtt::Message::Create(event.topic(), payload);
  }
  return ready;
}

Fanout::Fanout(const std::string& redis, std::vector<Receiver> receivers)
    : receivers_(std::move(receivers)) {
  subscriber_ = std::make_unique<redis::Subscriber>(
      redis, redis::Subscriber::Callbacks{
                 [this](std::string_view c, std::string_view p) { OnMessage(c, p); },
                 [this](const std::vector<std::string>& c) { OnSubscribed(c); },
                 [this](bool up) { OnConnection(up); }});
  subscriber_->Subscribe({kHorizon});
}

Fanout::~Fanout() { subscriber_.reset(); }

bool Fanout::up() const { return subscriber_->up(); }

void Fanout::Join(int64_t account, size_t worker, std::function<void()> confirmed) {
  bool ready = false;
  {
    std::lock_guard lock(mutex_);
    Channel& channel = accounts_[account];
    const bool wanted = channel.workers != 0;
    channel.workers |= uint64_t{1} << worker;
    ready = channel.confirmed;
    if (!ready) channel.waiting.push_back(std::move(confirmed));
    if (!wanted) subscriber_->Subscribe({ChannelOf(account)});
  }
  if (ready) confirmed();
}

void Fanout::Leave(int64_t account, size_t worker) {
  std::lock_guard lock(mutex_);
  auto found = accounts_.find(account);
  if (found == accounts_.end()) return;
  found->second.workers &= ~(uint64_t{1} << worker);
  if (found->second.workers != 0) return;
  accounts_.erase(found);
  subscriber_->Unsubscribe({ChannelOf(account)});
}

void Fanout::OnMessage(std::string_view channel, std::string_view payload) {
  if (channel == kHorizon) {
    v1::Horizon horizon;
    if (!horizon.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
    for (Receiver& receiver : receivers_) receiver.on_horizon(horizon.position());
    return;
  }
  static prometheus::Counter& events =
      metrics::Counter("chat_gateway_events_total", "Events received from Redis");
  events.Increment();
  const int64_t account = AccountOf(channel);
  v1::Event event;
  if (account == 0 || !event.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    log::Warn("event dropped: not an event", {{"channel", channel}, {"bytes", payload.size()}});
    return;
  }
  uint64_t workers = 0;
  {
    std::lock_guard lock(mutex_);
    auto found = accounts_.find(account);
    if (found == accounts_.end()) return;
    workers = found->second.workers;
  }
  const std::pair key(event.feed(), event.position());
  if (event.position() == 0 || last_event_ == nullptr || key != last_key_) {
    last_event_ = std::make_shared<const ReadyEvent>(MakeReady(event));
    last_key_ = key;
  }
  if (last_event_->message == nullptr) {
    log::Warn("event dropped: too large for MQTT", {{"feed", event.feed()}});
    return;
  }
  for (size_t i = 0; i < receivers_.size(); ++i) {
    if (workers >> i & 1) receivers_[i].on_event(account, last_event_);
  }
}

void Fanout::OnSubscribed(const std::vector<std::string>& channels) {
  std::vector<std::function<void()>> waiting;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& name : channels) {
      auto found = accounts_.find(AccountOf(name));
      if (found == accounts_.end()) continue;
      found->second.confirmed = true;
      for (auto& confirmed : found->second.waiting) waiting.push_back(std::move(confirmed));
      found->second.waiting.clear();
    }
  }
  for (auto& confirmed : waiting) confirmed();
}

void Fanout::OnConnection(bool up) {
  if (!up) {
    std::lock_guard lock(mutex_);
    for (auto& [account, channel] : accounts_) channel.confirmed = false;
  }
  for (Receiver& receiver : receivers_) receiver.on_connection(up);
}

}  // namespace chat::gateway
