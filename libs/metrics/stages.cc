#include "libs/metrics/stages.h"

#include <algorithm>
#include <chrono>

#include "libs/metrics/metrics.h"

namespace chat::metrics {

prometheus::Histogram& MessageStage(const char* stage) {
  return Histogram("chat_message_stage_seconds", "Time of a message by stage of its way",
                   TimeBuckets(), {{"stage", stage}});
}

void ObserveSince(prometheus::Histogram& stage, int64_t since_ms) {
  constexpr int64_t kLive = 60'000;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t age = std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - since_ms;
  if (since_ms == 0 || age > kLive) return;
  stage.Observe(static_cast<double>(std::max<int64_t>(age, 0)) / 1000);
}

}  // namespace chat::metrics
