#include "services/gateway/fanout/room_table.h"

#include <algorithm>
#include <unordered_set>

namespace chat::gateway {

namespace {

bool Contains(const std::vector<int64_t>& values, int64_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

void RoomTable::SetRooms(int64_t account, const std::vector<std::pair<int64_t, int64_t>>& rooms) {
  const std::vector<int64_t> before = accounts_[account];
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
  if (accounts_[account].empty()) accounts_.erase(account);
  if (gained) host_.Reread(account);
}

void RoomTable::Add(int64_t account, int64_t feed, int64_t version) {
  auto [found, made] = rooms_.try_emplace(feed);
  Room& room = found->second;
  room.version = made ? version : std::min(room.version, version);
  room.accounts.push_back(account);
  accounts_[account].push_back(feed);
  if (made) host_.Join(feed);
}

void RoomTable::Remove(int64_t account, int64_t feed) {
  if (auto own = accounts_.find(account); own != accounts_.end()) std::erase(own->second, feed);
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
  const std::vector<int64_t> feeds = std::move(found->second);
  accounts_.erase(found);
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
  Ask(feed, room);
}

void RoomTable::Ask(int64_t feed, Room& room) {
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
    if (!all) Ask(feed, room);
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
  if (own == accounts_.end()) return true;
  return std::all_of(own->second.begin(), own->second.end(), [this](int64_t feed) {
    const Room& room = rooms_.at(feed);
    return room.subscribed && room.held.empty() && !room.missed;
  });
}

void RoomTable::Retry() {
  for (auto& [feed, room] : rooms_) {
    if (!room.held.empty() || room.missed) Ask(feed, room);
  }
}

}  // namespace chat::gateway
