#include "services/gateway/worker.h"

#include <algorithm>
#include <random>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/net/proxied_stream.h"
#include "libs/net/tls_stream.h"
#include "libs/net/websocket.h"

namespace chat::gateway {

namespace {

constexpr int64_t kDeadlineTickMs = 50;
// Of those that wait for their CONNECT, how many are looked at to find one that still does.
constexpr size_t kWaitingLook = 64;
constexpr int64_t kRefuseLingerMs = 0;

const net::WebSocketRules& MqttRules() {
  static const net::WebSocketRules rules{{"/mqtt", false, "mqtt"}, 0};
  return rules;
}

}  // namespace

Worker::Worker(size_t index, GatewayParts& parts)
    : index_(index),
      parts_(parts),
      journeys_(static_cast<size_t>(parts.config.trace_notes)),
      figures_(index) {}

Worker::~Worker() {
  loop_.Stop();
  ticks_.clear();
  clients_.clear();
  n2o_.clear();
}

absl::Status Worker::Listen(const Endpoint& endpoint) {
  auto adopt = [this, transport = endpoint.transport](std::shared_ptr<net::Stream> stream) {
    Adopt(transport, std::move(stream));
  };
  auto accept = [this, adopt, proxied = endpoint.proxied](std::shared_ptr<net::Stream> stream) {
    if (!proxied) return adopt(std::move(stream));
    net::AcceptProxied(loop_, std::move(stream), parts_.config.connect_timeout_ms, adopt);
  };
  auto listener = net::TcpListener::Listen(loop_, endpoint.address, accept);
  if (!listener.ok()) {
    return absl::Status(listener.status().code(),
                        "key '" + endpoint.key + "': " + Message(listener.status()));
  }
  listeners_.push_back(*std::move(listener));
  return absl::OkStatus();
}

void Worker::Start() {
  loop_.Post([this] {
    auto every = [this](int64_t ms, void (Worker::*tick)()) {
      ticks_.push_back(std::make_unique<net::Every>(loop_, ms, [this, tick] { (this->*tick)(); }));
    };
    every(kDeadlineTickMs, &Worker::FireDeadlines);
    every(1000, &Worker::FlushCursors);
    every(1000, &Worker::AskChanges);
    every(1000, &Worker::RetryFailed);
    every(1000, &Worker::TickOpen);
    every(1000, &Worker::TellFigures);
    every(5000, &Worker::AskRevoked);
    every(1000, &Worker::EndSilentN2o);
    if (index_ == 0) every(5000, &Worker::EndIdleChannels);
    if (index_ == 0 && parts_.tls != nullptr) {
      every(parts_.config.tls_reload_s * 1000, &Worker::ReadTlsFiles);
    }
  });
  loop_.Start();
}

void Worker::ToClient(uint64_t client, std::function<void(Client&)> work) {
  FindClient(client, [work = std::move(work)](Client* found) {
    if (found != nullptr) work(*found);
  });
}

void Worker::FindClient(uint64_t client, std::function<void(Client*)> work) {
  loop_.Post([this, client, work = std::move(work)] {
    auto found = clients_.find(client);
    work(found == clients_.end() ? nullptr : found->second.get());
  });
}

void Worker::OnEvent(int64_t account, SharedEvent event) {
  loop_.Post([this, account, event = std::move(event)] { HandleEvent(account, *event); });
}

void Worker::OnRoomEvent(int64_t feed, SharedEvent event) {
  loop_.Post([this, feed, event = std::move(event)] { rooms_.OnEvent(feed, event); });
}

void Worker::OnHorizon(int64_t horizon) {
  loop_.Post([this, horizon] { HandleHorizon(horizon); });
}

void Worker::OnOpen(SharedOpenEvent event) {
  loop_.Post([this, event = std::move(event)] { open_.OnEvent(event); });
}

void Worker::OnOpenRedis(bool up) {
  loop_.Post([this, up] { open_.OnRedis(up); });
}

void Worker::FindNotes(std::shared_ptr<const v1::NotesRequest> request,
                       std::function<void(v1::NotesReply)> done) {
  loop_.Post([this, request = std::move(request), done = std::move(done)] {
    v1::NotesReply reply;
    journeys_.Find(*request, &reply);
    std::unordered_map<int64_t, const Client*> connected;
    for (const auto& [id, client] : clients_) connected[client->session_id()] = client.get();
    for (v1::Note& note : *reply.mutable_notes()) {
      const auto found = connected.find(note.session_id());
      if (note.session_id() != 0 && found != connected.end()) found->second->Describe(&note);
    }
    done(std::move(reply));
  });
}

Client* Worker::Find(uint64_t client) {
  const auto found = clients_.find(client);
  return found == clients_.end() ? nullptr : found->second.get();
}

void Worker::OnRedis(bool up) {
  loop_.Post([this, up] { HandleRedis(up); });
}

// ---- coming and going -----------------------------------------------------------------------

void Worker::Adopt(Transport transport, std::shared_ptr<net::Stream> stream) {
  if (!MakeRoom(stream->peer())) return stream->Close(kRefuseLingerMs);
  Place place = parts_.door->Enter(transport, stream->peer());
  if (UsesTls(transport)) stream = net::MakeTlsStream(loop_, std::move(stream), *parts_.tls);
  if (transport == Transport::kN2o) return AddN2o(std::move(stream), std::move(place));
  if (transport == Transport::kWs || transport == Transport::kWss) {
    stream = net::MakeWebSocketStream(loop_, std::move(stream), MqttRules());
  }
  AddClient(std::move(stream), std::move(place));
}

bool Worker::MakeRoom(const std::string& peer) {
  const Door::Verdict verdict = parts_.door->Ask(peer);
  if (verdict == Door::Verdict::kWelcome) return true;
  if (verdict == Door::Verdict::kFull && EndOldestWaiting()) return true;
  const bool full = verdict == Door::Verdict::kFull;
  metrics::Counter("chat_gateway_connections_refused_total",
                   "Connections closed at once, by the limit that they met",
                   {{"limit", full ? "max_connections" : "unauthenticated_per_address"}})
      .Increment();
  return false;
}

bool Worker::EndOldestWaiting() {
  for (size_t i = 0; i < kWaitingLook && !waiting_.empty(); ++i) {
    auto found = clients_.find(waiting_.front());
    waiting_.pop_front();
    if (found == clients_.end() || !found->second->awaits_connect()) continue;
    static prometheus::Counter& displaced = metrics::Counter(
        "chat_gateway_connections_displaced_total",
        "Connections without CONNECT that were closed because there are max_connections");
    displaced.Increment();
    found->second->End(mqtt::Reason::kServerBusy);
    return true;
  }
  return false;
}

void Worker::AddClient(std::shared_ptr<net::Stream> stream, Place place) {
  const uint64_t id = next_client_++;
  auto client = std::make_unique<Client>(*this, id, std::move(stream), std::move(place));
  Client& added = *client;
  clients_[id] = std::move(client);
  Arm(added);
  for (size_t i = 0; i < 2 && !waiting_.empty(); ++i) {
    auto oldest = clients_.find(waiting_.front());
    if (oldest != clients_.end() && oldest->second->awaits_connect()) break;
    waiting_.pop_front();
  }
  waiting_.push_back(id);
}

void Worker::AddN2o(std::shared_ptr<net::Stream> stream, Place place) {
  auto socket = std::make_shared<net::WebSocket>(std::move(stream), parts_.n2o_rules);
  auto connection = std::make_shared<N2oConnection>(*this, std::move(socket), std::move(place));
  n2o_.insert(connection);
  connection->Start();
}

void Worker::Forget(Client& client) {
  loop_.Post([this, id = client.id()] { clients_.erase(id); });
}

void Worker::Forget(N2oConnection& connection) {
  loop_.Post([this, gone = connection.shared_from_this()] { n2o_.erase(gone); });
}

void Worker::TellFigures() {
  Load load;
  const int64_t now = Clock::System().UnixMs();
  for (const auto& [id, client] : clients_) client->AddTo(&load, now);
  figures_.Tell(traffic_, load);
}

void Worker::EndSilentN2o() {
  const int64_t now = net::Loop::NowMs();
  for (const auto& connection : n2o_) connection->OnTime(now);
}

void Worker::ReadTlsFiles() {
  const absl::StatusOr<bool> changed = parts_.tls->Refresh();
  if (changed.ok() && !*changed) return;
  metrics::Counter("chat_gateway_tls_reloads_total", "Certificates read again after a change",
                   {{"result", changed.ok() ? "ok" : "failed"}})
      .Increment();
  if (changed.ok()) return log::Info("new TLS certificate in use");
  log::Warn("TLS files make no sense, the old certificate stays",
            {{"error", Message(changed.status())}});
}

void Worker::Drain(std::chrono::milliseconds paced) {
  loop_.Post([this, paced] {
    for (auto& listener : listeners_) listener->Stop();
    std::mt19937_64 random{std::random_device{}()};
    std::uniform_int_distribution<int64_t> moment(0, paced.count());
    for (auto& [id, client] : clients_) {
      departures_.emplace(net::Loop::NowMs() + moment(random), id);
    }
    for (const auto& connection : n2o_) connection->Drain();
    SendAway();
  });
}

void Worker::SendAway() {
  const int64_t now = net::Loop::NowMs();
  while (!departures_.empty() && departures_.top().first <= now) {
    auto found = clients_.find(departures_.top().second);
    departures_.pop();
    if (found != clients_.end()) found->second->Drain();
  }
}

void Worker::EndAll() {
  loop_.Post([this] {
    for (auto& [id, client] : clients_) client->End(mqtt::Reason::kUseAnotherServer);
  });
}

// ---- time -----------------------------------------------------------------------------------

void Worker::Arm(Client& client) {
  const std::optional<int64_t> deadline = client.NextDeadline();
  if (!deadline) return;
  const int64_t at = std::max(*deadline, net::Loop::NowMs() + 1);
  // One entry a client: an earlier one that fires too soon asks again.
  if (client.armed_at() != 0 && client.armed_at() <= at) return;
  client.set_armed_at(at);
  deadlines_.emplace(at, client.id());
}

void Worker::FlushLanes() {
  if (std::exchange(flush_posted_, true)) return;
  loop_.Post([this] {
    flush_posted_ = false;
    parts_.backends->Flush();
  });
}

void Worker::FireDeadlines() {
  parts_.backends->Expire();
  SendAway();
  const int64_t now = net::Loop::NowMs();
  static prometheus::Histogram& lag = metrics::Histogram(
      "chat_gateway_loop_lag_seconds", "How much later than due an event loop came to its timer",
      metrics::TimeBuckets());
  if (fired_at_ms_ != 0) {
    const int64_t late = std::max<int64_t>(now - fired_at_ms_ - kDeadlineTickMs, 0);
    lag.Observe(static_cast<double>(late) / 1000);
  }
  fired_at_ms_ = now;
  while (!deadlines_.empty() && deadlines_.top().first <= now) {
    const auto [deadline, id] = deadlines_.top();
    deadlines_.pop();
    auto found = clients_.find(id);
    if (found == clients_.end() || found->second->armed_at() != deadline) continue;
    Client& client = *found->second;
    client.set_armed_at(0);
    client.OnTime();
    Arm(client);
  }
}

}  // namespace chat::gateway
