// Deletes what has expired and drops late uploads, a bounded number of rows every ten seconds, on a
// thread of its own. Any number of replicas may do it at once.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "services/messaging/editor.h"
#include "services/messaging/pg_open_store.h"
#include "services/messaging/pg_projection_store.h"
#include "services/messaging/pg_session_store.h"

namespace chat::messaging {

class Housekeeping {
 public:
  Housekeeping(PgSessionStore& sessions, PgProjectionStore& projections, Editor& editor,
               PgOpenStore& open, int64_t notice_life_s);
  ~Housekeeping();

 private:
  void Run();

  PgSessionStore& sessions_;
  PgProjectionStore& projections_;
  Editor& editor_;
  PgOpenStore& open_;
  const int64_t notice_life_s_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace chat::messaging
