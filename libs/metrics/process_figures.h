// Figures of this process, read from /proc at each scrape: process_resident_memory_bytes,
// process_open_fds, process_max_fds, process_threads, process_cpu_seconds_total,
// process_start_time_seconds.
#pragma once

#include <prometheus/collectable.h>

namespace chat::metrics {

class ProcessFigures : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace chat::metrics
