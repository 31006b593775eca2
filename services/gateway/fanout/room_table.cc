#include "services/gateway/fanout/room_table.h"

#include <algorithm>
#include <unordered_set>

namespace chat::gateway {

namespace {

bool Contains(const std::vector<int64_t>& values, int64_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

uint64_t RoomTable::Ask(const std::vector<int64_t>& accounts) {
  ++asks_;
  for (int64_t account : accounts) {
    accounts_[account].asked = asks_;
    unknown_.erase(account);
  }
  return asks_;
}

void RoomTable::SetRooms(uint64_t ask, int64_t account,
                         const std::vector<std::pair<int64_t, int64_t>>& rooms) {
  const auto own = accounts_.find(account);
  if (own == accounts_.end() || own->second.asked != ask) return;
  own->second.known = ask;
  const std::vector<int64_t> before = own->second.feeds;
  for (int64_t feed : before) {
    const bool kept = std::any_of(rooms.begin(), rooms.end(),
                                  [feed](const auto& room) { return room.first == feed; });
    if (!kept) Dismiss(account, feed);
  }
  bool gained = false;
  for (const auto& [feed, version] : rooms) {
    if (Contains(before, feed)) continue;
    Add(account, feed, version);
    gained |= rooms_[feed].subscribed;
  }
  if (gained) host_.Reread(account);
}

void RoomTable::OnAskFailed(uint64_t ask, const std::vector<int64_t>& accounts) {
  for (int64_t account : accounts) {
    const auto own = accounts_.find(account);
    if (own != accounts_.end() && own->second.asked == ask) unknown_.insert(account);
  }
}

void RoomTable::Add(int64_t account, int64_t feed, int64_t version) {
  auto [found, made] = rooms_.try_emplace(feed);
  Room& room = found->second;
  room.version = made ? version : std::min(room.version, version);
  room.accounts.push_back(account);
  accounts_[account].feeds.push_back(feed);
  if (made) host_.Join(feed);
}

void RoomTable::Remove(int64_t account, int64_t feed) {
  if (auto own = accounts_.find(account); own != accounts_.end()) {
    std::erase(own->second.feeds, feed);
  }
  auto found = rooms_.find(feed);
  if (found == rooms_.end()) return;
  std::erase(found->second.accounts, account);
  if (!found->second.accounts.empty()) return;
  rooms_.erase(found);
  host_.Leave(feed);
}

void RoomTable::Dismiss(int64_t account, int64_t feed) {
  std::vector<SharedEvent> farewell;
  if (auto found = rooms_.find(feed); found != rooms_.end()) {
    for (const SharedEvent& event : found->second.held) {
      if (Contains(event->losers, account)) farewell.push_back(event);
    }
  }
  Remove(account, feed);
  for (const SharedEvent& event : farewell) host_.Deliver(account, *event);
}

void RoomTable::Forget(int64_t account) {
  auto found = accounts_.find(account);
  if (found == accounts_.end()) return;
  const std::vector<int64_t> feeds = std::move(found->second.feeds);
  accounts_.erase(found);
  unknown_.erase(account);
  for (int64_t feed : feeds) Remove(account, feed);
}

void RoomTable::OnSubscribed(int64_t feed) {
  auto found = rooms_.find(feed);
  if (found == rooms_.end()) return;
  found->second.subscribed = true;
  const std::vector<int64_t> accounts = found->second.accounts;
  for (int64_t account : accounts) host_.Reread(account);
}

void RoomTable::OnEvent(int64_t feed, SharedEvent event) {
  auto found = rooms_.find(feed);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  if (room.held.empty() && !room.missed && event->members_version <= room.version) {
    return Pass(room, *event);
  }
  if (room.held.size() < kMaxHeld) {
    room.held.push_back(std::move(event));
  } else {
    room.missed = true;
  }
  VerifyMembers(feed, room);
}

void RoomTable::VerifyMembers(int64_t feed, Room& room) {
  if (!room.asked.empty()) return;
  room.asked = room.accounts;
  host_.Verify(feed, room.asked);
}

void RoomTable::Pass(const Room& room, const ReadyEvent& event) {
  // A receiver may change the table.
  const std::vector<int64_t> accounts = room.accounts;
  for (int64_t account : accounts) host_.Deliver(account, event);
}

void RoomTable::OnMembers(int64_t feed, int64_t version, const std::vector<int64_t>& members) {
  auto found = rooms_.find(feed);
  if (found == rooms_.end()) return;
  const std::unordered_set<int64_t> asked(found->second.asked.begin(), found->second.asked.end());
  const std::unordered_set<int64_t> in(members.begin(), members.end());
  found->second.asked.clear();
  bool all = true;  // nobody came meanwhile who was not asked for
  const std::vector<int64_t> accounts = found->second.accounts;
  for (int64_t account : accounts) {
    if (!asked.contains(account)) {
      all = false;
    } else if (!in.contains(account)) {
      Dismiss(account, feed);
    }
  }
  found = rooms_.find(feed);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  if (all) room.version = std::max(room.version, version);
  while (!room.held.empty() && room.held.front()->members_version <= room.version) {
    const SharedEvent event = std::move(room.held.front());
    room.held.pop_front();
    Pass(room, *event);
    found = rooms_.find(feed);
    if (found == rooms_.end() || &found->second != &room) return;
  }
  if (!room.held.empty()) {
    if (!all) VerifyMembers(feed, room);
    return;
  }
  if (!std::exchange(room.missed, false)) return;
  const std::vector<int64_t> left = room.accounts;
  for (int64_t account : left) host_.Reread(account);
}

void RoomTable::OnVerifyFailed(int64_t feed) {
  if (auto found = rooms_.find(feed); found != rooms_.end()) found->second.asked.clear();
}

bool RoomTable::Settled(int64_t account) const {
  auto own = accounts_.find(account);
  if (own == accounts_.end() || own->second.known == 0 || own->second.known != own->second.asked) {
    return false;
  }
  return std::all_of(own->second.feeds.begin(), own->second.feeds.end(), [this](int64_t feed) {
    const Room& room = rooms_.at(feed);
    return room.subscribed && room.held.empty() && !room.missed;
  });
}

void RoomTable::Retry() {
  for (auto& [feed, room] : rooms_) {
    if (!room.held.empty() || room.missed) VerifyMembers(feed, room);
  }
}

}  // namespace chat::gateway
