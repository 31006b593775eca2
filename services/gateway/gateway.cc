#include "services/gateway/gateway.h"

#include <thread>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

constexpr auto kDrainTimeout = std::chrono::seconds(5);

}  // namespace

Gateway::Gateway(const GatewayConfig& config, const std::string& name, const std::string& address) {
  parts_.config = config;
  if (parts_.config.workers == 0) {
    parts_.config.workers = std::clamp(std::thread::hardware_concurrency(), 1u, 64u);
  }
  parts_.address = config.advertise.empty() ? address : config.advertise;
  parts_.connects = TokenBucket(config.connect_rate);
  parts_.connection_limits.max_packet_size = static_cast<uint32_t>(config.max_packet);
  parts_.connection_limits.connect_timeout_ms = config.connect_timeout_ms;
  parts_.session_limits.window = static_cast<uint16_t>(config.in_flight);
  parts_.session_limits.queue_messages = static_cast<uint32_t>(config.queue_messages);
  parts_.session_limits.queue_bytes =
      static_cast<uint32_t>(std::min<int64_t>(config.queue_bytes, UINT32_MAX));
  parts_.term_limits.depth = static_cast<size_t>(config.term_depth);
  parts_.term_limits.terms = static_cast<size_t>(config.term_elements);
  parts_.term_limits.inflated_bytes = static_cast<size_t>(config.inflated_bytes);
  parts_.backends = std::make_unique<Backends>(config);
  parts_.leases = std::make_unique<PresenceLeases>(
      config.redis, name, [this](const std::vector<int64_t>& accounts) { TellOnline(accounts); });
  std::vector<Fanout::Receiver> receivers;
  for (int64_t i = 0; i < parts_.config.workers; ++i) {
    parts_.workers.push_back(std::make_unique<Worker>(i, parts_));
    Worker* worker = parts_.workers.back().get();
    receivers.push_back(
        {[worker](int64_t account, SharedEvent event) {
           worker->OnEvent(account, std::move(event));
         },
         [worker](int64_t feed, SharedEvent event) { worker->OnRoomEvent(feed, std::move(event)); },
         [worker](int64_t horizon) { worker->OnHorizon(horizon); },
         [worker](bool up) { worker->OnRedis(up); }});
  }
  parts_.fanout = std::make_unique<Fanout>(config.redis, name, std::move(receivers));
  service_ = std::make_shared<GatewayService>(parts_);
}

Gateway::~Gateway() {
  parts_.fanout.reset();
  parts_.leases.reset();
  for (auto& worker : parts_.workers) worker->StopLoop();
  parts_.backends.reset();  // answers under way may still post to stopped loops
  parts_.workers.clear();
}

// Lost when roster is away: presence is told again with the next change.
void Gateway::TellOnline(const std::vector<int64_t>& accounts) {
  v1::OnlineRequest request;
  request.mutable_account_id()->Add(accounts.begin(), accounts.end());
  parts_.backends->Ask<v1::OnlineRequest, v1::OnlineReply>(
      std::move(request), [&](auto... a) { parts_.backends->roster().async()->Online(a...); },
      [](absl::Status status, v1::OnlineReply) {
        if (!status.ok()) log::Warn("online not told", {{"error", Message(status)}});
      });
}

absl::Status Gateway::Start() {
  for (auto& worker : parts_.workers) {
    CHAT_RETURN_IF_ERROR(worker->Listen(parts_.config.mqtt_listen));
    worker->Start();
  }
  return absl::OkStatus();
}

void Gateway::Drain() {
  log::Info("draining", {{"connections", parts_.connections.load()}});
  for (auto& worker : parts_.workers) worker->Drain();
  const auto end = std::chrono::steady_clock::now() + kDrainTimeout;
  while ((parts_.connections.load() > 0 || parts_.closing.load() > 0) &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace chat::gateway
