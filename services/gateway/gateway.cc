#include "services/gateway/gateway.h"

#include <thread>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

using std::chrono::milliseconds;

// The part of the time to drain in which connections are told to go; the rest is for requests under
// way and for the hand-over of the last sessions.
constexpr double kPacedPart = 0.7;
// A replica that stands still is not waited for: the next try goes to another one.
constexpr milliseconds kCloseTimeout{2000};

// Until `done`, at most until `end`.
template <typename Done>
void AwaitUntil(std::chrono::steady_clock::time_point end, Done done) {
  while (!done() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(10));
  }
}

}  // namespace

Gateway::Gateway(const GatewayConfig& config, const std::string& name, const std::string& address) {
  parts_.config = config;
  if (parts_.config.workers == 0) {
    parts_.config.workers = std::clamp(std::thread::hardware_concurrency(), 1u, 64u);
  }
  parts_.address = config.advertise.empty() ? address : config.advertise;
  parts_.connects = TokenBucket(config.connect_rate);
  parts_.door = std::make_unique<Door>(Door::Limits{
      config.max_connections, config.unauthenticated_per_address, config.address_publish_rate});
  parts_.n2o_rules = {{"/ws", true, ""}, static_cast<uint64_t>(config.max_packet)};
  parts_.connection_limits.max_packet_size = static_cast<uint32_t>(config.max_packet);
  parts_.connection_limits.connect_timeout_ms = config.connect_timeout_ms;
  parts_.connection_limits.max_keep_alive_s = static_cast<uint16_t>(config.max_keep_alive);
  parts_.connection_limits.inbound_aliases = static_cast<uint16_t>(config.topic_alias_maximum);
  parts_.connection_limits.outbound_aliases = static_cast<uint16_t>(config.topic_alias_maximum);
  parts_.session_limits.receive_maximum = static_cast<uint16_t>(config.receive_maximum);
  parts_.session_limits.window = static_cast<uint16_t>(config.in_flight);
  parts_.session_limits.queue_messages = static_cast<uint32_t>(config.queue_messages);
  parts_.session_limits.queue_bytes =
      static_cast<uint32_t>(std::min<int64_t>(config.queue_bytes, UINT32_MAX));
  parts_.term_limits.depth = static_cast<size_t>(config.term_depth);
  parts_.term_limits.terms = static_cast<size_t>(config.term_elements);
  parts_.term_limits.inflated_bytes = static_cast<size_t>(config.inflated_bytes);
  parts_.backends = std::make_unique<Backends>(config);
  parts_.ends = std::make_unique<SessionEnds>(
      [&backends = *parts_.backends](v1::CloseSessionRequest request, auto done) {
        backends.Ask<v1::CloseSessionRequest, v1::CloseSessionReply>(
            std::move(request), [&](auto... a) { backends.delivery().async()->CloseSession(a...); },
            kCloseTimeout,
            [done](absl::Status status, v1::CloseSessionReply) { done(std::move(status)); });
      });
  parts_.leases = std::make_unique<PresenceLeases>(
      config.redis, name, [this](const std::vector<int64_t>& accounts) { TellOnline(accounts); });
  parts_.names = std::make_unique<PendingNames>(config.redis, name);
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
  parts_.fanout =
      std::make_unique<Fanout>(config.redis, name, std::move(receivers),
                               [this](const std::string& client_id, const std::string& ticket) {
                                 OnName(client_id, ticket);
                               });
  parts_.publisher = std::make_unique<redis::Publisher>(config.redis);
  service_ = std::make_shared<GatewayService>(parts_);
  journeys_ = std::make_shared<JourneysService>(parts_, name);
}

Gateway::~Gateway() {
  for (auto& worker : parts_.workers) worker->StopLoop();  // they use all of these
  parts_.open_feed.reset();
  parts_.fanout.reset();
  parts_.leases.reset();
  parts_.names.reset();
  parts_.backends.reset();  // answers under way may still post to stopped loops
  parts_.workers.clear();
}

// PROTOCOL O7, of connections without a session.
void Gateway::OnName(const std::string& client_id, const std::string& ticket) {
  const std::optional<ConnectionRef> older = parts_.registry.OnNameTold(client_id, ticket);
  if (!older) return;
  parts_.workers[older->worker]->ToClient(
      older->client, [](Client& client) { client.End(mqtt::Reason::kSessionTakenOver); });
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

absl::Status Gateway::Check() {
  const GatewayConfig& config = parts_.config;
  CHAT_RETURN_IF_ERROR(CheckEndpoints(config));
  if (config.tls_cert.empty() && config.tls_key.empty()) return absl::OkStatus();
  auto tls = net::TlsContext::Load(
      {config.tls_cert, config.tls_key, config.tls_client_ca, config.tls_client_required});
  if (!tls.ok()) {
    return absl::InvalidArgumentError("keys 'tls_cert', 'tls_key', 'tls_client_ca': " +
                                      Message(tls.status()));
  }
  parts_.tls = *std::move(tls);
  return absl::OkStatus();
}

absl::Status Gateway::Start() {
  CHAT_ASSIGN_OR_RETURN(parts_.open,
                        OpenFilters::Parse(parts_.config.open_topics, parts_.config.topic_aliases));
  if (parts_.open.any()) {
    std::vector<OpenFeed::Receiver> receivers;
    for (auto& worker : parts_.workers) {
      receivers.push_back(
          {[&worker = *worker](SharedOpenEvent event) { worker.OnOpen(std::move(event)); },
           [&worker = *worker](bool up) { worker.OnOpenRedis(up); }});
    }
    parts_.open_feed =
        std::make_unique<OpenFeed>(parts_.config.redis, parts_.open, std::move(receivers));
  }
  for (auto& worker : parts_.workers) {
    for (const Endpoint& endpoint : Endpoints(parts_.config)) {
      CHAT_RETURN_IF_ERROR(worker->Listen(endpoint));
    }
    worker->Start();
  }
  return absl::OkStatus();
}

void Gateway::Drain(milliseconds limit) {
  const int64_t connections = parts_.door->connections();
  const auto needed = milliseconds(connections * 1000 / parts_.config.drain_rate);
  const auto paced = std::min(
      needed, milliseconds(static_cast<int64_t>(static_cast<double>(limit.count()) * kPacedPart)));
  log::Info("draining", {{"connections", connections}, {"paced_ms", paced.count()}});
  const auto end = std::chrono::steady_clock::now() + limit;
  for (auto& worker : parts_.workers) worker->Drain(paced);
  const auto gone = [this] { return parts_.door->connections() == 0 && parts_.ends->size() == 0; };
  AwaitUntil(end - limit / 10, gone);
  // Whoever still waits for an answer.
  for (auto& worker : parts_.workers) worker->EndAll();
  AwaitUntil(end, gone);
  log::Info("drained",
            {{"connections", parts_.door->connections()}, {"sessions", parts_.ends->size()}});
}

}  // namespace chat::gateway
