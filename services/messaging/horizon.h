// The stable horizon (delivery promise, part 7): how far gateways may move the cursor of a session.
//
// Two bounds, both of which only grow:
//   stable     every position up to it is committed or void (drawn by a transaction that failed)
//   published  besides, the events up to it were taken by Redis
//
// Why `stable` is true. A transaction draws positions only after it has locked a feed row, so it
// has its transaction id before it draws. A mark reads L, the last number of the sequence, and then
// takes a transaction id X of its own. Whoever drew a position <= L did so before L was read, hence
// with an id below X. (The snapshot's xmax would not do: it is one above the last *ended*
// transaction, and one in flight may have that very id.) Once a later snapshot's xmin is >= X, all
// of them have ended: every position <= L is committed, or void for ever. The mark's own commit
// flushes the log, so a crash of the server cannot hand out a number <= L a second time.
//
// Why `published` is true. A batch's announcement row commits with the batch and is deleted only
// after Redis has acknowledged its events. The view that finds xmin >= X sees all those rows: below
// the lowest position of those that are left, everything has been taken.
//
// `published` goes out on channel `horizon`, after the events in Redis's own order: a gateway whose
// connection stood has been given every event up to it before it. Any replica's horizon is true for
// all, for it is computed from the shared tables.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "services/messaging/announcement_store.h"
#include "services/messaging/announcer.h"

namespace chat::messaging {

// The rule alone. Not thread safe.
class HorizonRule {
 public:
  // Whether a new mark is wanted: none is pending.
  bool WantsMark() const { return !pending_; }
  void AddMark(const HorizonMark& mark) {
    if (mark.xid) pending_ = mark;
  }
  void AddView(const HorizonView& view);

  bool known() const { return known_; }  // some mark has become stable
  int64_t stable() const { return stable_; }
  int64_t published() const { return published_; }

 private:
  std::optional<HorizonMark> pending_;
  bool known_ = false;
  int64_t stable_ = 0;
  int64_t published_ = 0;
};

// Computes and publishes it every 250 ms, from a thread of its own. Thread safe.
class Horizon {
 public:
  Horizon(AnnouncementStore& store, RedisPublish publish);
  ~Horizon();
  void Start();
  void Tick();

  // nullopt until the first mark has become stable.
  std::optional<int64_t> stable() const;
  int64_t published() const { return published_.load(); }

 private:
  struct Thread;
  AnnouncementStore& store_;
  const RedisPublish publish_;
  HorizonRule rule_;
  int quiet_ticks_ = 0;
  std::atomic<int64_t> stable_{-1};
  std::atomic<int64_t> published_{0};
  std::unique_ptr<Thread> thread_;
};

}  // namespace chat::messaging
