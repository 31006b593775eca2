// What one session has of the durable events (delivery promise, part 7): a position below which
// everything is acknowledged, and what is known above it. Pure.
//
// Positions come almost in order; each stays in the list from the moment it is passed on until it
// is acknowledged and the horizon has gone over it. An idle session has an empty list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace chat::gateway {

class CursorTracker {
 public:
  CursorTracker() = default;
  // As the session's row has it. `above` need not be sorted.
  CursorTracker(int64_t position, const std::vector<int64_t>& above);

  // Whether this event is still to be passed on; if so it counts as passed on, unacknowledged.
  bool Pass(int64_t position);
  // With the event at `position`, just passed on, the client gets what stood at `first`, which is
  // above position() and was not passed on: it has that one when it has this one, no earlier.
  void PassWith(int64_t position, int64_t first);
  // Whether the event at this position was passed on, to this session as long as it lives.
  bool Has(int64_t position) const;
  // Takes Pass() back: the session had no room for it.
  void Retract(int64_t position);
  // The client has it. Unknown positions are ignored.
  void Acknowledge(int64_t position);
  // Everything up to `horizon` has been seen by this gateway: the cursor may rise to it, but not
  // over what is unacknowledged. Never moves back.
  void Advance(int64_t horizon);

  int64_t position() const { return position_; }
  // Acknowledged positions above position(), ascending.
  std::vector<int64_t> above() const;
  // The highest position passed on, or position().
  int64_t last() const { return entries_.empty() ? position_ : entries_.back().position; }
  size_t size() const { return entries_.size(); }
  bool dirty() const { return dirty_; }
  void clean() { dirty_ = false; }
  void soil() { dirty_ = true; }

 private:
  struct Entry {
    int64_t position;
    bool acknowledged;
  };
  std::vector<Entry>::iterator Find(int64_t position);
  // What PassWith() said of this position, once; 0: nothing.
  int64_t TakeFirst(int64_t position);

  int64_t position_ = 0;
  std::vector<Entry> entries_;                     // ascending
  std::vector<std::pair<int64_t, int64_t>> with_;  // of PassWith(), unacknowledged; mostly empty
  bool dirty_ = false;                             // differs from what was last flushed
};

}  // namespace chat::gateway
