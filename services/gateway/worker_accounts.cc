// The accounts of an event loop's connections, their rooms and events, and what is read again when
// something was missed (delivery promise, parts 5 and 6).
#include <algorithm>
#include <utility>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

// Feeds of one account remembered one by one; beyond it those below the horizon are forgotten.
constexpr size_t kRememberedFeeds = 64;

}  // namespace

void Worker::JoinAccount(Client& client, std::function<void(Client&)> confirmed) {
  Account& account = accounts_[client.account()];
  if (account.clients.empty()) {
    account.verified = horizon_;
    account.number = ++accounts_seen_;
  }
  account.clients.push_back(&client);
  parts_.fanout->Join(
      {Fanout::Channel::Of::kAccount, client.account()}, index_,
      [this, account = client.account(), number = account.number, id = client.id(), confirmed] {
        Post([this, account, number] { OnJoined(account, number); });
        ToClient(id, confirmed);
      });
}

void Worker::OnJoined(int64_t id, uint64_t number) {
  auto found = accounts_.find(id);
  if (found == accounts_.end() || found->second.number != number) return;
  // From here on no gain of a room passes by.
  if (std::exchange(found->second.joined, true)) return;
  joined_.push_back(id);
  if (joined_.size() > 1) return;
  Post([this] { LoadRooms(std::exchange(joined_, {})); });  // one question for all of this turn
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
    std::erase_if(asked, [this](int64_t account) { return !accounts_.contains(account); });
    if (asked.empty()) continue;
    v1::RoomFeedsRequest request;
    request.mutable_account_id()->Add(asked.begin(), asked.end());
    const uint64_t ask = rooms_.Ask(asked);
    parts_.backends->Ask<v1::RoomFeedsRequest, v1::RoomFeedsReply>(
        std::move(request),
        [&](auto... a) { parts_.backends->delivery().async()->RoomFeeds(a...); },
        [this, ask, asked](absl::Status status, v1::RoomFeedsReply reply) {
          Post([this, ask, asked, ok = status.ok(),
                reply = std::make_shared<v1::RoomFeedsReply>(std::move(reply))] {
            ok ? SetRooms(ask, asked, *reply) : rooms_.OnAskFailed(ask, asked);
          });
        });
  }
}

void Worker::SetRooms(uint64_t ask, const std::vector<int64_t>& asked,
                      const v1::RoomFeedsReply& reply) {
  std::unordered_map<int64_t, std::vector<std::pair<int64_t, int64_t>>> rooms;
  for (const v1::RoomFeed& feed : reply.feeds()) {
    for (int64_t account : feed.account_id()) {
      rooms[account].emplace_back(feed.feed(), feed.members_version());
    }
  }
  for (int64_t account : asked) rooms_.SetRooms(ask, account, rooms[account]);
}

bool Worker::Settled(int64_t id, const Account& account) const {
  return account.joined && rooms_.Settled(id);
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
  LoadRooms(rooms_.UnknownAccounts());
  for (auto& [id, client] : clients_) {
    client->RetryOpen();
    if (client->admitted() && client->account() != 0 && client->flow().waiting())
      client->flow().Resync();
  }
}

}  // namespace chat::gateway
