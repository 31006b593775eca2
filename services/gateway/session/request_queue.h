// Requests of one connection take effect in arrival order and are answered in that order (PROTOCOL
// O5). Requests to the same lane keep their order by themselves and may be under way together;
// anything else waits for all before it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

namespace chat::gateway {

// `Request` and `Outcome` are movable. A lane is any pointer-like id; 0 is "alone".
template <typename Request, typename Outcome>
class RequestQueue {
 public:
  using Lane = uint64_t;
  using Ticket = uint64_t;

  struct Started {
    Ticket ticket;
    Request* request;
  };

  // `answer` gets each request with its outcome, in order of arrival. `start` is asked to begin
  // one; Finish() must follow, now or later.
  RequestQueue(std::function<void(Request&, Outcome&)> answer,
               std::function<void(Ticket, Request&)> start)
      : answer_(std::move(answer)), start_(std::move(start)) {}

  // `lane` 0: not before all earlier ones are answered.
  void Add(Request request, Lane lane) {
    entries_.push_back({next_++, std::move(request), Outcome(), lane, State::kWaiting});
    Pump();
  }

  // One that needs no execution: answered at its place.
  void AddDone(Request request, Outcome outcome) {
    entries_.push_back({next_++, std::move(request), std::move(outcome), 0, State::kDone});
    Pump();
  }

  // Unknown tickets (of a queue that was cleared) are ignored.
  void Finish(Ticket ticket, Outcome outcome) {
    for (Entry& entry : entries_) {
      if (entry.ticket != ticket || entry.state != State::kRunning) continue;
      entry.outcome = std::move(outcome);
      entry.state = State::kDone;
      Pump();
      return;
    }
  }

  // The request that runs under this ticket; null if there is none.
  Request* Running(Ticket ticket) {
    for (Entry& entry : entries_) {
      if (entry.ticket == ticket && entry.state == State::kRunning) return &entry.request;
    }
    return nullptr;
  }

  void Clear() { entries_.clear(); }
  size_t size() const { return entries_.size(); }

 private:
  enum class State { kWaiting, kRunning, kDone };
  struct Entry {
    Ticket ticket;
    Request request;
    Outcome outcome;
    Lane lane;
    State state;
  };

  // `answer` and `start` may call back; the outermost call does the work.
  void Pump() {
    if (pumping_) return;
    pumping_ = true;
    for (bool moved = true; moved;) {
      moved = false;
      while (!entries_.empty() && entries_.front().state == State::kDone) {
        Entry entry = std::move(entries_.front());
        entries_.pop_front();
        answer_(entry.request, entry.outcome);
        moved = true;
      }
      for (size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].state == State::kDone) continue;
        if (entries_[i].state == State::kWaiting) {
          if (!MayStart(i)) break;
          entries_[i].state = State::kRunning;
          start_(entries_[i].ticket, entries_[i].request);
          moved = true;
        }
      }
    }
    pumping_ = false;
  }

  bool MayStart(size_t index) const {
    for (size_t i = 0; i < index && i < entries_.size(); ++i) {
      if (entries_[i].state == State::kDone) continue;
      if (entries_[index].lane == 0 || entries_[i].lane != entries_[index].lane) return false;
    }
    return true;
  }

  std::function<void(Request&, Outcome&)> answer_;
  std::function<void(Ticket, Request&)> start_;
  std::deque<Entry> entries_;
  Ticket next_ = 1;
  bool pumping_ = false;
};

}  // namespace chat::gateway
