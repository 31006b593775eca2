#include "services/messaging/send_queue.h"

#include <algorithm>

namespace chat::messaging {

namespace {

constexpr int kLongestRest = 5;  // 2^5 ms

bool GoesAlone(const Send& send) {
  return send.change.has_value() || send.status == v1::Message::LINK;
}

}  // namespace

void SendQueue::MakeReady(Lane* lane) {
  lane->ready_key = lane->items.front()->arrival;
  ready_.emplace(lane->ready_key, lane);
}

void SendQueue::MakeUnready(Lane* lane) {
  if (lane->ready_key != 0) ready_.erase(lane->ready_key);
  lane->ready_key = 0;
}

void SendQueue::Add(std::shared_ptr<QueuedSend> item) {
  Lane& lane = lanes_[item->send.feed];
  lane.items.push_back(std::move(item));
  ++size_;
  if (!lane.busy && lane.rest_until == Time{} && lane.ready_key == 0) MakeReady(&lane);
}

QueuedSends SendQueue::Take(size_t max, size_t bytes, Time now) {
  Wake(now);
  QueuedSends batch;
  std::vector<Lane*> held;
  size_t taken_bytes = 0;
  while (batch.size() < max && !ready_.empty()) {
    Lane* lane = ready_.begin()->second;
    const Send& send = lane->items.front()->send;
    if (!batch.empty() && (GoesAlone(send) || taken_bytes + send.body.size() > bytes)) break;
    MakeUnready(lane);
    if (!send.msg_id.empty() && !in_flight_.insert(KeyOf(send)).second) {
      held.push_back(lane);
      continue;
    }
    taken_bytes += send.body.size();
    batch.push_back(std::move(lane->items.front()));
    lane->items.pop_front();
    --size_;
    lane->busy = true;
    if (!lane->items.empty()) MakeReady(lane);
    if (GoesAlone(batch.back()->send)) break;
  }
  for (const auto& item : batch) MakeUnready(&lanes_[item->send.feed]);
  for (Lane* lane : held) {
    if (!lane->busy) MakeReady(lane);
  }
  return batch;
}

void SendQueue::Finish(const QueuedSends& batch, const QueuedSends& again, Time now) {
  for (const auto& item : batch) {
    if (!item->send.msg_id.empty()) in_flight_.erase(KeyOf(item->send));
    lanes_[item->send.feed].busy = false;
  }
  std::set<Lane*> resting;
  for (auto item = again.rbegin(); item != again.rend(); ++item) {
    Lane& lane = lanes_[(*item)->send.feed];
    lane.items.push_front(*item);
    ++size_;
    resting.insert(&lane);
  }
  for (Lane* lane : resting) {
    int shift = std::min(lane->retries++, kLongestRest);
    lane->rest_until = now + std::chrono::milliseconds(1 << shift);
    parked_.emplace(lane->rest_until, lane);
  }
  for (const auto& item : batch) {
    auto found = lanes_.find(item->send.feed);
    if (found == lanes_.end()) continue;
    Lane& lane = found->second;
    if (lane.rest_until != Time{} || lane.ready_key != 0) continue;
    lane.retries = 0;
    if (lane.items.empty()) {
      lanes_.erase(found);
    } else {
      MakeReady(&lane);
    }
  }
}

void SendQueue::Wake(Time now) {
  while (!parked_.empty() && parked_.begin()->first <= now) {
    Lane* lane = parked_.begin()->second;
    parked_.erase(parked_.begin());
    lane->rest_until = Time{};
    MakeReady(lane);
  }
}

SendQueue::Time SendQueue::OldestReady() const {
  return ready_.empty() ? Time::max() : ready_.begin()->second->items.front()->submitted;
}

SendQueue::Time SendQueue::NextWake() const {
  return parked_.empty() ? Time::max() : parked_.begin()->first;
}

QueuedSends SendQueue::Expire(Time now) {
  QueuedSends expired;
  for (auto it = lanes_.begin(); it != lanes_.end();) {
    Lane& lane = it->second;
    size_t before = lane.items.size();
    for (auto& item : lane.items) {
      if (item->deadline <= now) expired.push_back(item);
    }
    std::erase_if(lane.items, [now](const auto& item) { return item->deadline <= now; });
    size_ -= before - lane.items.size();
    if (before == lane.items.size() || lane.busy) {
      ++it;
      continue;
    }
    MakeUnready(&lane);
    if (!lane.items.empty()) {
      if (lane.rest_until == Time{}) MakeReady(&lane);
      ++it;
      continue;
    }
    std::erase_if(parked_, [&lane](const auto& entry) { return entry.second == &lane; });
    it = lanes_.erase(it);
  }
  return expired;
}

QueuedSends SendQueue::Clear() { return Expire(Time::max()); }

}  // namespace chat::messaging
