// Group commit (delivery promise, parts 2 and 3). Sends wait in one queue; a worker takes all that
// has gathered and commits it as one batch. No timer and no linger: one send alone pays one commit.
// While a batch is under way another worker, with a database connection of its own, helps only when
// more than a batch waits or something has waited for `help_after`: two small batches cost the
// database almost twice as much as one.
//
// Order: the sends of one feed are one lane. A lane is with one worker at a time, and a send whose
// feed is locked elsewhere returns to the head of its lane, so nothing overtakes within a feed,
// from Submit() to Redis. Across feeds batches are filled in order of arrival.
//
// A change of a stored message waits in the lane of its feed like a send; it and an upload are each
// a batch by itself.
//
// Order of a session (PROTOCOL O5): when a send fails, what its session sent after it must not take
// effect before the client has sent it again. So for a second after a failure, which is longer than
// anything stays on the way here, sends of the same session and epoch fail, too.
//
// Idempotence: two sends of the same author and msg_id are never in flight at once.
//
// Bounds: `queue_max` sends wait (more: refused `too_many`), `batch_max` sends or `batch_bytes` of
// bodies are one batch, and each send is answered by its deadline, whatever PostgreSQL does.
//
// Thread safe. `done` runs once for each send, on a thread of the batcher or inside Submit().
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>

#include "services/messaging/announcement_sink.h"
#include "services/messaging/send_store.h"

namespace chat::messaging {

struct SendResult {
  bool repeat = false;  // nothing was stored: `message` is the one of the first time
  v1::Message message;
};

class Batcher {
 public:
  struct Options {
    int workers = 2;
    size_t batch_max = 256;
    size_t batch_bytes = 4 << 20;
    size_t queue_max = 20'000;
    std::chrono::milliseconds commit_timeout{5000};
    std::chrono::milliseconds help_after{20};
    // What is made here lives while the sends of a batch are answered: answers that go one way can
    // go together.
    std::function<std::shared_ptr<void>()> together = {};
  };
  using Done = std::function<void(absl::StatusOr<SendResult>)>;

  // `store` and `sink` outlive the batcher.
  Batcher(const Options& options, SendStore& store, AnnouncementSink& sink);
  // Finishes the batches in flight; what still waits is answered kUnavailable.
  ~Batcher();

  // Answers the stored or repeated message; permission_denied; too_many; for a change kAborted,
  // when the message has moved since it was read; kDeadlineExceeded, kUnavailable or kInternal,
  // after which the send may or may not be committed: a repeat tells.
  void Submit(Send send, pg::Deadline deadline, Done done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::messaging
