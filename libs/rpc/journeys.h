// The last things that were noted about single messages, for `chat trace` (JourneysInternal): a
// ring of small notes of a fixed number, so that remembering costs a store and a look at the clock,
// and no search. Whoever asks pays: all notes are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "chat/v1/trace.pb.h"

namespace chat::rpc {

// The number that a trace id is; 0 when it is not 16 hex digits.
uint64_t TraceNumber(std::string_view trace);

// One thread, or the owner's lock.
class Journeys {
 public:
  // Of these, `position` or `trace` says which message it is.
  struct About {
    int64_t position = 0;
    uint64_t trace = 0;
    int64_t session = 0;
    uint32_t qos = 0;
  };

  // Remembers the last `notes`; 0: nothing. Memory is taken as notes come, 40 bytes each.
  explicit Journeys(size_t notes) : most_(notes) {}

  void Add(v1::Note::Step step, const About& about);
  // Adds what is remembered of the messages to the reply, in order of time, and lowers or sets
  // since_us.
  void Find(const v1::NotesRequest& request, v1::NotesReply* reply) const;

 private:
  struct Kept {
    int64_t at_us;
    int64_t position;
    uint64_t trace;
    int64_t session;
    uint8_t qos;
    uint8_t step;
  };

  const size_t most_;
  size_t next_ = 0;  // the oldest, once there are `most_`
  std::vector<Kept> kept_;
};

}  // namespace chat::rpc
