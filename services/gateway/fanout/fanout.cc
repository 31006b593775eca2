#include "services/gateway/fanout/fanout.h"

#include <charconv>
#include <optional>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/metrics/stages.h"
#include "libs/rpc/journeys.h"
#include "libs/wire/translator.h"

namespace chat::gateway {

namespace {

constexpr char kHorizon[] = "horizon";
constexpr char kNames[] = "names";

std::string NameOf(const Fanout::Channel& channel) {
  return std::string(1, static_cast<char>(channel.of)) + ":" + std::to_string(channel.id);
}

std::optional<Fanout::Channel> ParseChannel(std::string_view name) {
  Fanout::Channel channel{Fanout::Channel::Of::kAccount, 0};
  if (name.starts_with("r:")) {
    channel.of = Fanout::Channel::Of::kRoom;
  } else if (!name.starts_with("a:")) {
    return std::nullopt;
  }
  std::from_chars(name.data() + 2, name.data() + name.size(), channel.id);
  if (channel.id == 0) return std::nullopt;
  return channel;
}

}  // namespace

ReadyEvent MakeReady(const v1::Event& event) {
  ReadyEvent ready;
  ready.feed = event.feed();
  ready.position = event.lane() == v1::Event::TRANSIENT ? 0 : event.position();
  ready.previous = event.previous();
  ready.qos = static_cast<mqtt::Qos>(std::min<uint32_t>(event.qos(), 2));
  ready.rosters_changed = event.change().rosters();
  ready.rooms_changed = event.change().rooms();
  ready.members_version = event.members_version();
  ready.losers.assign(event.losers().begin(), event.losers().end());
  ready.committed_ms = event.committed_ms();
  ready.trace = rpc::TraceNumber(event.trace());
  ready.not_to_client = event.not_to_client();
  if (event.topic().empty()) {
    ready.ends_session = event.ends_session();
    ready.client_id = event.client_id();
    if (event.has_record()) ready.farewell = std::make_shared<const v1::Record>(event.record());
    return ready;
  }
  std::string payload = event.payload();
  if (payload.empty()) wire::Write(event.record(), &payload);
  ready.message = mqtt::Message::Create(event.topic(), payload);
  if (event.has_unseen()) {
    ready.first = event.first();
    payload.clear();
    wire::Write(event.unseen(), &payload);
    ready.unseen = mqtt::Message::Create(event.topic(), payload);
  }
  return ready;
}

Fanout::Fanout(const std::string& redis, const std::string& gateway,
               std::vector<Receiver> receivers, OnName on_name)
    : receivers_(std::move(receivers)), on_name_(std::move(on_name)), own_channel_("g:" + gateway) {
  subscriber_ = std::make_unique<redis::Subscriber>(
      redis, redis::Subscriber::Callbacks{
                 [this](std::string_view c, std::string_view p) { OnMessage(c, p); },
                 [this](const std::vector<std::string>& c) { OnSubscribed(c); },
                 [this](bool up) { OnConnection(up); }});
  subscriber_->Subscribe({kHorizon, kNames, own_channel_});
}

redis::Publication Fanout::NameTaken(const std::string& client_id, const std::string& ticket) {
  v1::Event event;
  event.set_ends_session(true);
  event.set_client_id(client_id);
  event.set_author_client(ticket);
  return {kNames, event.SerializeAsString()};
}

Fanout::~Fanout() { subscriber_.reset(); }

bool Fanout::up() const { return subscriber_->up(); }

void Fanout::Join(Channel channel, size_t worker, std::function<void()> confirmed) {
  bool ready = false;
  {
    std::lock_guard lock(mutex_);
    const auto [found, fresh] = channels_.try_emplace(channel);
    Listeners& listeners = found->second;
    listeners.workers |= uint64_t{1} << worker;
    idle_.erase(channel);
    ready = listeners.confirmed;
    if (!ready) listeners.waiting.push_back(std::move(confirmed));
    if (fresh) subscriber_->Subscribe({NameOf(channel)});
  }
  if (ready) confirmed();
}

void Fanout::Leave(Channel channel, size_t worker) {
  std::lock_guard lock(mutex_);
  auto found = channels_.find(channel);
  if (found == channels_.end()) return;
  found->second.workers &= ~(uint64_t{1} << worker);
  if (found->second.workers != 0) return;
  found->second.waiting.clear();
  found->second.idle = 0;
  idle_.insert(channel);
}

void Fanout::EndIdle() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (auto it = idle_.begin(); it != idle_.end();) {
    Listeners& listeners = channels_.at(*it);
    if (++listeners.idle < 2 || !listeners.confirmed) {
      ++it;
      continue;
    }
    names.push_back(NameOf(*it));
    channels_.erase(*it);
    it = idle_.erase(it);
  }
  subscriber_->Unsubscribe(std::move(names));
}

uint64_t Fanout::WorkersOf(const Channel& channel) {
  std::lock_guard lock(mutex_);
  auto found = channels_.find(channel);
  return found == channels_.end() ? 0 : found->second.workers;
}

void Fanout::PassOn(const Channel& channel, const SharedEvent& event) {
  const uint64_t workers = WorkersOf(channel);
  for (size_t i = 0; i < receivers_.size(); ++i) {
    if ((workers >> i & 1) == 0) continue;
    channel.of == Channel::Of::kRoom ? receivers_[i].on_room_event(channel.id, event)
                                     : receivers_[i].on_event(channel.id, event);
  }
}

void Fanout::OnMessage(std::string_view name, std::string_view payload) {
  if (name == kHorizon) {
    v1::Horizon horizon;
    if (!horizon.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
    for (Receiver& receiver : receivers_) receiver.on_horizon(horizon.position());
    return;
  }
  static prometheus::Counter& events =
      metrics::Counter("chat_gateway_events_total", "Events received from Redis");
  events.Increment();
  const std::optional<Channel> channel = ParseChannel(name);
  v1::Event event;
  if ((!channel && name != own_channel_ && name != kNames) ||
      !event.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    log::Warn("event dropped: not an event", {{"channel", name}, {"bytes", payload.size()}});
    return;
  }
  if (name == kNames) return on_name_(event.client_id(), event.author_client());
  if (channel && WorkersOf(*channel) == 0) return;
  static prometheus::Histogram& arrive = metrics::MessageStage("arrive");
  metrics::ObserveSince(arrive, event.committed_ms());
  const std::pair key(event.feed(), event.position());
  if (event.position() == 0 || last_event_ == nullptr || key != last_key_) {
    last_event_ = std::make_shared<const ReadyEvent>(MakeReady(event));
    last_key_ = key;
  }
  if (last_event_->message == nullptr && !event.topic().empty()) {
    log::Warn("event dropped: too large for MQTT", {{"feed", event.feed()}});
    return;
  }
  if (channel) return PassOn(*channel, last_event_);
  for (int64_t account : event.accounts()) PassOn({Channel::Of::kAccount, account}, last_event_);
}

void Fanout::OnSubscribed(const std::vector<std::string>& names) {
  std::vector<std::function<void()>> waiting;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& name : names) {
      const std::optional<Channel> channel = ParseChannel(name);
      auto found = channel ? channels_.find(*channel) : channels_.end();
      if (found == channels_.end()) continue;
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
    for (auto& [channel, listeners] : channels_) listeners.confirmed = false;
  }
  for (Receiver& receiver : receivers_) receiver.on_connection(up);
}

}  // namespace chat::gateway
