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

// Cursors in one flush, accounts in one question.
constexpr size_t kBatch = 1000;
constexpr int64_t kDeadlineTickMs = 50;
// A replica that stands still is not waited for: the next flush goes to another one.
constexpr std::chrono::milliseconds kFlushTimeout{2000};
// Feeds of one account remembered one by one; beyond it those below the horizon are forgotten.
constexpr size_t kRememberedFeeds = 64;

// Of those that wait for their CONNECT, how many are looked at to find one that still does.
constexpr size_t kWaitingLook = 64;
constexpr int64_t kRefuseLingerMs = 0;
// Whoever ended a session says so by an event as well, which brings its farewell.
constexpr auto kFarewell = std::chrono::seconds(2);

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

// ---- accounts and their events --------------------------------------------------------------

void Worker::JoinAccount(Client& client, std::function<void(Client&)> confirmed) {
  Account& account = accounts_[client.account()];
  const bool first = account.clients.empty();
  if (first) {
    account.verified = horizon_;
    account.loading = 1;  // until its channel is confirmed
  }
  account.clients.push_back(&client);
  parts_.fanout->Join({Fanout::Channel::Of::kAccount, client.account()}, index_,
                      [this, first, account = client.account(), id = client.id(), confirmed] {
                        if (first) Post([this, account] { Confirmed(account); });
                        ToClient(id, [this, first, confirmed](Client& joined) {
                          if (first) LoadRooms({joined.account()});
                          confirmed(joined);
                        });
                      });
}

void Worker::LeaveAccount(Client& client) {
  auto found = accounts_.find(client.account());
  if (found == accounts_.end()) return;
  std::erase(found->second.clients, &client);
  if (!found->second.clients.empty()) return;
  accounts_.erase(found);
  rooms_.Forget(client.account());
  parts_.fanout->Leave({Fanout::Channel::Of::kAccount, client.account()}, index_);
}

void Worker::LoadRooms(const std::vector<int64_t>& accounts) {
  for (size_t begin = 0; begin < accounts.size(); begin += kBatch) {
    std::vector<int64_t> asked(accounts.begin() + begin,
                               accounts.begin() + std::min(accounts.size(), begin + kBatch));
    v1::RoomFeedsRequest request;
    request.mutable_account_id()->Add(asked.begin(), asked.end());
    for (int64_t account : asked) {
      if (auto found = accounts_.find(account); found != accounts_.end()) ++found->second.loading;
    }
    parts_.backends->Ask<v1::RoomFeedsRequest, v1::RoomFeedsReply>(
        std::move(request),
        [&](auto... a) { parts_.backends->delivery().async()->RoomFeeds(a...); },
        [this, asked](absl::Status status, v1::RoomFeedsReply reply) {
          Post([this, asked, ok = status.ok(),
                reply = std::make_shared<v1::RoomFeedsReply>(std::move(reply))] {
            for (int64_t account : asked) Confirmed(account);
            if (ok) return SetRooms(asked, *reply);
            unknown_rooms_.insert(asked.begin(), asked.end());
          });
        });
  }
}

void Worker::SetRooms(const std::vector<int64_t>& asked, const v1::RoomFeedsReply& reply) {
  std::unordered_map<int64_t, std::vector<std::pair<int64_t, int64_t>>> rooms;
  for (const v1::RoomFeed& feed : reply.feeds()) {
    for (int64_t account : feed.account_id()) {
      rooms[account].emplace_back(feed.feed(), feed.members_version());
    }
  }
  for (int64_t account : asked) {
    if (accounts_.contains(account)) rooms_.SetRooms(account, rooms[account]);
  }
}

void Worker::Confirmed(int64_t id) {
  auto found = accounts_.find(id);
  if (found != accounts_.end() && found->second.loading > 0) --found->second.loading;
}

bool Worker::Settled(int64_t id, const Account& account) const {
  return account.loading == 0 && !unknown_rooms_.contains(id) && rooms_.Settled(id);
}

void Worker::Join(int64_t feed) {
  parts_.fanout->Join({Fanout::Channel::Of::kRoom, feed}, index_,
                      [this, feed] { Post([this, feed] { rooms_.OnSubscribed(feed); }); });
}

void Worker::Leave(int64_t feed) {
  parts_.fanout->Leave({Fanout::Channel::Of::kRoom, feed}, index_);
}

void Worker::Verify(int64_t feed, const std::vector<int64_t>& accounts) {
  v1::RoomFeedsRequest request;
  request.mutable_account_id()->Add(accounts.begin(), accounts.end());
  parts_.backends->Ask<v1::RoomFeedsRequest, v1::RoomFeedsReply>(
      std::move(request), [&](auto... a) { parts_.backends->delivery().async()->RoomFeeds(a...); },
      [this, feed](absl::Status status, v1::RoomFeedsReply reply) {
        Post([this, feed, ok = status.ok(),
              reply = std::make_shared<v1::RoomFeedsReply>(std::move(reply))] {
          if (!ok) return rooms_.OnVerifyFailed(feed);
          for (const v1::RoomFeed& found : reply->feeds()) {
            if (found.feed() != feed) continue;
            return rooms_.OnMembers(feed, found.members_version(),
                                    {found.account_id().begin(), found.account_id().end()});
          }
          rooms_.OnMembers(feed, 0, {});
        });
      });
}

void Worker::Reread(int64_t id) {
  auto found = accounts_.find(id);
  if (found == accounts_.end()) return;
  for (Client* client : found->second.clients) client->flow().Resync();
}

bool Worker::HasGap(Account& account, const ReadyEvent& event) {
  auto [last, first] = account.last.emplace(event.feed, account.verified);
  const bool gap = event.previous > last->second;
  last->second = std::max(last->second, event.position);
  return gap;
}

void Worker::NoteArrival(const ReadyEvent& event) {
  if (event.position == 0 || event.position == last_arrived_) return;
  last_arrived_ = event.position;
  journeys_.Add(v1::Note::ARRIVED, {.position = event.position, .trace = event.trace});
}

void Worker::HandleEvent(int64_t id, const ReadyEvent& event) {
  auto found = accounts_.find(id);
  if (found == accounts_.end()) return;
  if (event.rooms_changed) LoadRooms({id});
  NoteArrival(event);
  Account& account = found->second;
  const bool gap = event.position != 0 && HasGap(account, event);
  if (gap) {
    static prometheus::Counter& gaps = metrics::Counter(
        "chat_gateway_gaps_total", "Events whose predecessor was missing; read from history");
    gaps.Increment();
  }
  // A client may leave the account while it is told.
  const std::vector<Client*> clients = account.clients;
  for (Client* client : clients) {
    if (gap) client->flow().Resync();
    client->OnEvent(event);
  }
}

void Worker::HandleHorizon(int64_t horizon) {
  if (!redis_up_ || horizon <= horizon_) return;
  horizon_ = horizon;
  for (auto& [id, account] : accounts_) {
    if (!Settled(id, account)) continue;  // a cursor that rises over an event loses it
    account.verified = horizon;
    if (account.last.size() > kRememberedFeeds) {
      std::erase_if(account.last, [&](const auto& feed) { return feed.second <= horizon; });
    }
    for (Client* client : account.clients) client->flow().Advance(horizon);
  }
}

void Worker::HandleRedis(bool up) {
  if (up == redis_up_) return;
  redis_up_ = up;
  log::Info(up ? "redis is here" : "redis is away", {{"worker", index_}});
  changes_above_ = horizon_;
  if (!up) return;
  // What was published meanwhile is lost: everybody reads on from where they stand.
  std::vector<int64_t> accounts;
  for (auto& [id, account] : accounts_) {
    accounts.push_back(id);
    for (Client* client : account.clients) client->flow().Resync();
  }
  LoadRooms(accounts);
}

// While Redis is away: which accounts have something new (delivery promise, part 5)?
void Worker::AskChanges() {
  if (redis_up_ || accounts_.empty()) return;
  std::vector<int64_t> ids;
  for (const auto& [id, account] : accounts_) ids.push_back(id);
  const int64_t above = changes_above_;
  for (size_t begin = 0; begin < ids.size(); begin += kBatch) {
    v1::ChangedSinceRequest request;
    request.set_above(above);
    for (size_t i = begin; i < std::min(ids.size(), begin + kBatch); ++i) {
      request.add_account_id(ids[i]);
    }
    parts_.backends->Ask<v1::ChangedSinceRequest, v1::ChangedSinceReply>(
        std::move(request),
        [&](auto... a) { parts_.backends->delivery().async()->ChangedSince(a...); },
        [this](absl::Status status, v1::ChangedSinceReply reply) {
          if (!status.ok()) return;
          Post([this, reply = std::make_shared<v1::ChangedSinceReply>(std::move(reply))] {
            for (int64_t id : reply->account_id()) {
              auto found = accounts_.find(id);
              if (found == accounts_.end()) continue;
              for (Client* client : found->second.clients) client->flow().Resync();
            }
            changes_above_ = std::max(changes_above_, reply->horizon());
          });
        });
  }
}

void Worker::RetryFailed() {
  if (index_ == 0) parts_.ends->Retry();
  rooms_.Retry();
  const std::unordered_set<int64_t> unknown = std::exchange(unknown_rooms_, {});
  if (!unknown.empty()) LoadRooms({unknown.begin(), unknown.end()});
  for (auto& [id, client] : clients_) {
    client->RetryOpen();
    if (client->admitted() && client->account() != 0 && client->flow().waiting())
      client->flow().Resync();
  }
}

// ---- what is told to the services now and then ----------------------------------------------

void Worker::FlushCursors() {
  std::vector<v1::FlushCursorsRequest> requests;
  for (auto& [id, client] : clients_) {
    CursorTracker& cursor = client->flow().cursor();
    if (client->session_id() == 0 || !client->admitted() || !cursor.dirty()) continue;
    if (requests.empty() || requests.back().sessions_size() >= static_cast<int>(kBatch)) {
      requests.emplace_back();
    }
    v1::SessionCursor* session = requests.back().add_sessions();
    session->set_session_id(client->session_id());
    session->set_epoch(client->epoch());
    SaveCursor(cursor, session->mutable_cursor());
    cursor.clean();
  }
  for (v1::FlushCursorsRequest& request : requests) {
    std::vector<int64_t> flushed;
    for (const v1::SessionCursor& session : request.sessions()) {
      flushed.push_back(session.session_id());
    }
    parts_.backends->Ask<v1::FlushCursorsRequest, v1::FlushCursorsReply>(
        std::move(request),
        [&](auto... a) { parts_.backends->delivery().async()->FlushCursors(a...); }, kFlushTimeout,
        [this, flushed = std::move(flushed)](absl::Status status, v1::FlushCursorsReply reply) {
          if (!status.ok()) return Post([this, flushed] { FlushAgain(flushed); });
          if (reply.stale().empty()) return;
          Post([this, stale = std::vector<int64_t>(reply.stale().begin(), reply.stale().end())] {
            for (auto& [id, client] : clients_) {
              if (std::find(stale.begin(), stale.end(), client->session_id()) != stale.end()) {
                client->End(mqtt::Reason::kSessionTakenOver);
              }
            }
          });
        });
  }
}

void Worker::FlushAgain(const std::vector<int64_t>& sessions) {
  const std::unordered_set<int64_t> these(sessions.begin(), sessions.end());
  for (auto& [id, client] : clients_) {
    if (these.contains(client->session_id())) client->flow().cursor().soil();
  }
}

void Worker::AskRevoked() {
  std::vector<v1::RevokedRequest> requests;
  for (auto& [id, client] : clients_) {
    if (client->auth_id() == 0) continue;
    if (requests.empty() || requests.back().auth_id_size() >= static_cast<int>(kBatch)) {
      requests.emplace_back();
    }
    requests.back().add_auth_id(client->auth_id());
  }
  for (v1::RevokedRequest& request : requests) {
    parts_.backends->Ask<v1::RevokedRequest, v1::RevokedReply>(
        std::move(request), [&](auto... a) { parts_.backends->auth().async()->Revoked(a...); },
        [this](absl::Status status, v1::RevokedReply reply) {
          if (!status.ok() || reply.auth_id().empty()) return;
          Post([this, gone = std::set<int64_t>(reply.auth_id().begin(), reply.auth_id().end())] {
            EndRevoked(gone);
          });
        });
  }
}

void Worker::EndRevoked(const std::set<int64_t>& gone) {
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_.context(), kFarewell);
  timer->async_wait([this, timer, gone](const boost::system::error_code& stopped) {
    if (stopped) return;
    for (auto& [id, client] : clients_) {
      if (gone.contains(client->auth_id())) client->End(mqtt::Reason::kNotAuthorized);
    }
  });
}

}  // namespace chat::gateway
