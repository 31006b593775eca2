#include "services/gateway/session/cursor_tracker.h"

#include <algorithm>

namespace chat::gateway {

CursorTracker::CursorTracker(int64_t position, const std::vector<int64_t>& above)
    : position_(position) {
  for (int64_t p : above) {
    if (p > position) entries_.push_back({p, true});
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.position < b.position; });
}

std::vector<CursorTracker::Entry>::iterator CursorTracker::Find(int64_t position) {
  return std::lower_bound(entries_.begin(), entries_.end(), position,
                          [](const Entry& e, int64_t p) { return e.position < p; });
}

bool CursorTracker::Pass(int64_t position) {
  if (position <= position_) return false;
  if (entries_.empty() || entries_.back().position < position) {
    entries_.push_back({position, false});
    return true;
  }
  auto at = Find(position);
  if (at->position == position) return false;
  entries_.insert(at, {position, false});
  return true;
}

void CursorTracker::PassWith(int64_t position, int64_t first) {
  if (Pass(first)) with_.emplace_back(position, first);
}

int64_t CursorTracker::TakeFirst(int64_t position) {
  for (auto pair = with_.begin(); pair != with_.end(); ++pair) {
    if (pair->first != position) continue;
    const int64_t first = pair->second;
    with_.erase(pair);
    if (with_.empty()) with_.shrink_to_fit();
    return first;
  }
  return 0;
}

bool CursorTracker::Has(int64_t position) const {
  return position <= position_ ||
         std::binary_search(entries_.begin(), entries_.end(), Entry{position, false},
                            [](const Entry& a, const Entry& b) { return a.position < b.position; });
}

void CursorTracker::Retract(int64_t position) {
  if (const int64_t first = TakeFirst(position)) Retract(first);
  auto at = Find(position);
  if (at != entries_.end() && at->position == position && !at->acknowledged) entries_.erase(at);
}

void CursorTracker::Acknowledge(int64_t position) {
  auto at = Find(position);
  if (at == entries_.end() || at->position != position || at->acknowledged) return;
  at->acknowledged = true;
  dirty_ = true;
  if (const int64_t first = TakeFirst(position)) Acknowledge(first);
}

void CursorTracker::Advance(int64_t horizon) {
  auto keep = entries_.begin();
  while (keep != entries_.end() && keep->acknowledged && keep->position <= horizon) ++keep;
  int64_t reached = horizon;
  if (keep != entries_.end() && !keep->acknowledged) {
    reached = std::min(horizon, keep->position - 1);
  }
  if (keep != entries_.begin()) dirty_ = true;
  entries_.erase(entries_.begin(), keep);
  if (entries_.empty()) entries_.shrink_to_fit();
  position_ = std::max(position_, reached);
}

std::vector<int64_t> CursorTracker::above() const {
  std::vector<int64_t> positions;
  for (const Entry& entry : entries_) {
    if (entry.acknowledged) positions.push_back(entry.position);
  }
  return positions;
}

}  // namespace chat::gateway
