#include "services/gateway/worker.h"

#include <algorithm>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::gateway {

namespace {

// Cursors in one flush, accounts in one question.
constexpr size_t kBatch = 1000;
// Feeds of one account remembered one by one; beyond it those below the horizon are forgotten.
constexpr size_t kRememberedFeeds = 64;

prometheus::Gauge& Connections() {
  static prometheus::Gauge& gauge = metrics::Gauge(
      "chat_gateway_connections", "Open network connections", {{"transport", "tcp"}});
  return gauge;
}

}  // namespace

Worker::Worker(size_t index, GatewayParts& parts) : index_(index), parts_(parts) {}

Worker::~Worker() {
  loop_.Stop();
  ticks_.clear();
  clients_.clear();
}

absl::Status Worker::Listen(const std::string& address) {
  auto listener = net::TcpListener::Listen(
      loop_, address, [this](std::shared_ptr<net::Stream> stream) { Adopt(std::move(stream)); });
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  return absl::OkStatus();
}

void Worker::Start() {
  loop_.Post([this] {
    auto every = [this](int64_t ms, void (Worker::*tick)()) {
      ticks_.push_back(std::make_unique<net::Every>(loop_, ms, [this, tick] { (this->*tick)(); }));
    };
    every(50, &Worker::FireDeadlines);
    every(1000, &Worker::FlushCursors);
    every(1000, &Worker::AskChanges);
    every(1000, &Worker::RetryFailed);
    every(5000, &Worker::AskRevoked);
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

void Worker::OnRedis(bool up) {
  loop_.Post([this, up] { HandleRedis(up); });
}

void Worker::Adopt(std::shared_ptr<net::Stream> stream) {
  if (parts_.connections.load() >= parts_.config.max_connections) {
    metrics::Counter("chat_gateway_connections_refused_total",
                     "Connections closed at once because there are max_connections")
        .Increment();
    return stream->Close(0);
  }
  parts_.connections.fetch_add(1);
  Connections().Increment();
  const uint64_t id = next_client_++;
  auto client = std::make_unique<Client>(*this, id, std::move(stream));
  Client& added = *client;
  clients_[id] = std::move(client);
  Arm(added);
}

void Worker::Forget(Client& client) {
  loop_.Post([this, id = client.id()] {
    if (clients_.erase(id) == 0) return;
    parts_.connections.fetch_sub(1);
    Connections().Decrement();
  });
}

void Worker::Drain() {
  loop_.Post([this] {
    if (listener_ != nullptr) listener_->Stop();
    for (auto& [id, client] : clients_) client->End(mqtt::Reason::kServerShuttingDown);
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
  const int64_t now = net::Loop::NowMs();
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
  if (first) account.verified = horizon_;
  account.clients.push_back(&client);
  parts_.fanout->Join({Fanout::Channel::Of::kAccount, client.account()}, index_,
                      [this, first, id = client.id(), confirmed] {
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
    parts_.backends->Ask<v1::RoomFeedsRequest, v1::RoomFeedsReply>(
        std::move(request),
        [&](auto... a) { parts_.backends->delivery().async()->RoomFeeds(a...); },
        [this, asked](absl::Status status, v1::RoomFeedsReply reply) {
          Post([this, asked, ok = status.ok(),
                reply = std::make_shared<v1::RoomFeedsReply>(std::move(reply))] {
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

void Worker::HandleEvent(int64_t id, const ReadyEvent& event) {
  auto found = accounts_.find(id);
  if (found == accounts_.end()) return;
  if (event.rooms_changed) LoadRooms({id});
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
  rooms_.Retry();
  const std::unordered_set<int64_t> unknown = std::exchange(unknown_rooms_, {});
  if (!unknown.empty()) LoadRooms({unknown.begin(), unknown.end()});
  for (auto& [id, client] : clients_) {
    if (client->admitted() && client->session_id() != 0 && client->flow().waiting())
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
    session->mutable_cursor()->set_position(cursor.position());
    for (int64_t position : cursor.above()) session->mutable_cursor()->add_above(position);
    cursor.clean();
  }
  for (v1::FlushCursorsRequest& request : requests) {
    parts_.backends->Ask<v1::FlushCursorsRequest, v1::FlushCursorsReply>(
        std::move(request),
        [&](auto... a) { parts_.backends->delivery().async()->FlushCursors(a...); },
        [this](absl::Status status, v1::FlushCursorsReply reply) {
          if (!status.ok() || reply.stale().empty()) return;
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
          Post([this, gone = std::vector<int64_t>(reply.auth_id().begin(), reply.auth_id().end())] {
            for (auto& [id, client] : clients_) {
              if (client->auth_id() != 0 &&
                  std::find(gone.begin(), gone.end(), client->auth_id()) != gone.end()) {
                client->End(mqtt::Reason::kNotAuthorized);
              }
            }
          });
        });
  }
}

}  // namespace chat::gateway
