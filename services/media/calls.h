// Calls between friends (PROTOCOL O26): each signal is judged by the state of its call, relayed to
// `ses/` of the other side, and a call that nobody answers ends by itself. Signals are transient;
// what is kept of a call is its CDR.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "libs/redis/publisher.h"
#include "libs/rpc/call.h"
#include "services/media/call_rules.h"
#include "services/media/call_store.h"
#include "services/media/feeds.h"

namespace chat::media {

struct CallLimits {
  int64_t ring_s = 60;
  int64_t life_s = 86'400;
  int64_t per_account = 8;
};

// Thread safe; Signal() blocks.
class Calls {
 public:
  using Publish = std::function<void(std::vector<redis::Publication>)>;

  // All outlive it, and what `publish` uses.
  Calls(CallStore& store, Feeds& feeds, Publish publish, CallLimits limits);
  ~Calls();

  // permission_denied, invalid_data, too_many.
  absl::Status Signal(const rpc::Call& call, const v1::Call& signal);
  // Ends what is overdue: the body of the thread that Start() starts, twice a second.
  void Tick();
  void Start();

 private:
  absl::StatusOr<CallRow> Next(const rpc::Call& call, const v1::Call& signal, const FeedHalf& half,
                               std::optional<AccountId> peer, const CallStore::Present& present,
                               CallStep* step) const;
  void Relay(const rpc::Call& call, const v1::Call& signal, const CallRow& row, bool by_caller,
             const CallStep& step);

  CallStore& store_;
  Feeds& feeds_;
  const Publish publish_;
  const CallLimits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace chat::media
