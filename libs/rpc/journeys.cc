#include "libs/rpc/journeys.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace chat::rpc {
namespace {

int64_t UnixNowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

template <typename Values, typename Value>
bool Holds(const Values& values, Value value) {
  return value != 0 && std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

uint64_t TraceNumber(std::string_view trace) {
  uint64_t number = 0;
  const char* const end = trace.data() + trace.size();
  const auto [stop, error] = std::from_chars(trace.data(), end, number, 16);
  return trace.size() == 16 && error == std::errc() && stop == end ? number : 0;
}

void Journeys::Add(v1::Note::Step step, const About& about) {
  if (most_ == 0) return;
  const Kept note{UnixNowUs(),
                  about.position,
                  about.trace,
                  about.session,
                  static_cast<uint8_t>(about.qos),
                  static_cast<uint8_t>(step)};
  if (kept_.size() < most_) return kept_.push_back(note);
  kept_[next_] = note;
  next_ = (next_ + 1) % most_;
}

void Journeys::Find(const v1::NotesRequest& request, v1::NotesReply* reply) const {
  if (kept_.empty()) return;
  const int64_t since = kept_[next_].at_us;
  if (reply->since_us() == 0 || since < reply->since_us()) reply->set_since_us(since);
  for (size_t i = 0; i < kept_.size(); ++i) {
    const Kept& note = kept_[(next_ + i) % kept_.size()];
    if (!Holds(request.positions(), note.position) && !Holds(request.traces(), note.trace))
      continue;
    v1::Note* found = reply->add_notes();
    found->set_step(static_cast<v1::Note::Step>(note.step));
    found->set_at_us(note.at_us);
    found->set_position(note.position);
    found->set_trace(note.trace);
    found->set_session_id(note.session);
    found->set_qos(note.qos);
  }
}

}  // namespace chat::rpc
