#include "services/auth/housekeeping.h"

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::auth {
namespace {

void Count(const char* table, int64_t rows) {
  metrics::Counter("chat_auth_swept_rows_total", "Expired rows deleted", {{"table", table}})
      .Increment(static_cast<double>(rows));
}

void Sweep(SessionStore& store) {
  absl::StatusOr<Swept> swept =
      store.Sweep(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  if (!swept.ok()) {
    log::Warn("expired rows could not be deleted", {{"error", Message(swept.status())}});
    return;
  }
  Count("pending", swept->pending);
  Count("code_sent", swept->code_sent);
  Count("token", swept->tokens);
  Count("init_token", swept->init_tokens);
  Count("session", swept->sessions);
  Count("account", swept->accounts);
}

}  // namespace

Housekeeping::Housekeeping(SessionStore& store, std::chrono::seconds interval)
    : store_(store), thread_([this, interval] { Run(interval); }) {}

Housekeeping::~Housekeeping() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Housekeeping::Run(std::chrono::seconds interval) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return stop_; })) {
    lock.unlock();
    Sweep(store_);
    lock.lock();
  }
}

}  // namespace chat::auth
