// The batcher's queue: lanes of sends, one per feed. Pure but for the time that is given: not
// thread safe, the batcher holds its lock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/pg/pool.h"
#include "services/messaging/batcher.h"

namespace chat::messaging {

struct QueuedSend {
  Send send;
  pg::Deadline deadline;
  Batcher::Done done;
  uint64_t arrival = 0;
  pg::Deadline submitted;
  pg::Deadline locked_since{};  // it met a locked feed then, first; the epoch: never
  bool answered = false;        // guarded by the batcher's lock
};
using QueuedSends = std::vector<std::shared_ptr<QueuedSend>>;

class SendQueue {
 public:
  using Time = pg::Deadline;

  void Add(std::shared_ptr<QueuedSend> item);
  // The next batch in order of arrival: one change or upload, or at most `max` sends and, but for
  // the first, `bytes` of bodies. Its lanes are busy until Finish(). Empty when all that waits is
  // busy, parked or held.
  QueuedSends Take(size_t max, size_t bytes, Time now);
  // The batch is done: its lanes are free again. `again` are those of it that met a locked feed:
  // they return to the heads of their lanes, which rest for 1 to 32 ms.
  void Finish(const QueuedSends& batch, const QueuedSends& again, Time now);
  // Removes from the lanes those whose deadline has passed.
  QueuedSends Expire(Time now);
  QueuedSends Clear();

  size_t size() const { return size_; }
  bool HasReady() const { return !ready_.empty(); }
  // When what has waited longest for a batch came; Time::max() if nothing could be taken.
  Time OldestReady() const;
  // When the first parked lane may be tried again; Time::max() if none rests.
  Time NextWake() const;
  // Makes ready those lanes whose rest is over.
  void Wake(Time now);

 private:
  struct Lane {
    std::deque<std::shared_ptr<QueuedSend>> items;
    bool busy = false;
    int retries = 0;
    Time rest_until{};       // not the epoch: parked
    uint64_t ready_key = 0;  // its key in ready_, 0 if not there
  };
  using MessageKey = std::pair<int64_t, std::string>;

  void MakeReady(Lane* lane);
  void MakeUnready(Lane* lane);
  static MessageKey KeyOf(const Send& send) { return {send.author.value, send.msg_id}; }

  std::unordered_map<std::string, Lane> lanes_;
  std::map<uint64_t, Lane*> ready_;  // by arrival of the head: neither busy nor parked
  std::multimap<Time, Lane*> parked_;
  std::set<MessageKey> in_flight_;  // of the sends with msg_id in taken batches
  size_t size_ = 0;
};

}  // namespace chat::messaging
