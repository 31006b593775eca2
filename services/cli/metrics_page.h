// What a process' /metrics says, and how to get it.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/client/address.h"

namespace chat::cli {

using Labels = std::map<std::string, std::string>;

struct Sample {
  std::string name;  // with _bucket, _sum, _count of a histogram
  Labels labels;
  double value = 0;
};

class MetricsPage {
 public:
  MetricsPage() = default;
  // The text format of Prometheus; a line that cannot be read is left out.
  explicit MetricsPage(std::string_view text);

  // The sum over the samples of this name that `chosen` takes; 0 when there is none.
  double Sum(std::string_view name, const std::function<bool(const Labels&)>& chosen = {}) const;
  bool Has(std::string_view name) const;
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;
};

// GET /metrics, waiting `limit` at most. kUnavailable: no answer, or not 200.
absl::StatusOr<MetricsPage> FetchMetrics(const client::Address& address,
                                         std::chrono::milliseconds limit);

}  // namespace chat::cli
