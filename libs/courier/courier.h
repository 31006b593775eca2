// Carries letters off the caller's thread: a bounded queue, a few threads, attempts with back-off.
// A slow carrier holds a caller for `wait_ms` at most, and only `waiters` callers at once; the
// others are answered as soon as their letter is queued. Letters live in memory: what an end of the
// process drops is asked for again by its user.
#pragma once

#include <cstdint>
#include <memory>

#include "libs/config/config.h"
#include "libs/courier/carrier.h"

namespace chat::courier {

struct CourierLimits {
  int64_t threads = 4;       // attempts at once
  int64_t queue = 1000;      // letters that wait; one more is kUnavailable
  int64_t attempts = 5;      // for a letter
  int64_t backoff_ms = 500;  // before the second attempt; doubled before each further one
  int64_t wait_ms = 3000;    // how long a caller waits for the outcome
  int64_t waiters = 32;      // callers that wait at once

  void Declare(config::Keys& keys);  // courier_threads, courier_queue, …
};

class Courier {
 public:
  // The carrier outlives the courier.
  Courier(Carrier& carrier, CourierLimits limits);
  // Awaits the attempts under way; the letters that wait are dropped.
  ~Courier();

  // OK: handed over, or still being tried. An error: refused for good, given up, or the queue is
  // full. Counted in chat_courier_letters_total{kind,result}.
  absl::Status Send(Letter letter);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::courier
