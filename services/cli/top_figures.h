// What `chat top` shows, computed from two looks at every process. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/cli/metrics_page.h"

namespace chat::cli {

// One process at one moment; no page: it did not answer.
struct Look {
  std::string process;  // "messaging-1"
  std::optional<MetricsPage> page;
};

// Rates are per second, times in milliseconds, memory in bytes.
struct ProcessFigures {
  std::string process;
  bool up = false;
  std::string version;
  double cpu_percent = 0, memory = 0, open_files = 0;
  double calls = 0, failures = 0;     // gRPC; a refusal is no failure
  std::optional<double> call_p99_ms;  // none: no calls
  std::string special;                // what only this kind has
};

struct ClusterFigures {
  double connections = 0, requests = 0, sends = 0, deliveries = 0, failures = 0, gaps = 0;
  std::optional<double> sends_per_commit, commit_p50_ms, commit_p99_ms;
  std::vector<ProcessFigures> processes;
};

// `before` and `after` name the same processes in the same order. A process that started between
// counts from its start.
ClusterFigures Figures(const std::vector<Look>& before, const std::vector<Look>& after,
                       double seconds);

// The quantile of a histogram by interpolation within its bucket, over what was observed between
// two pages; none when nothing was. As histogram_quantile() of Prometheus.
std::optional<double> Quantile(double quantile, const std::string& histogram,
                               const std::vector<const MetricsPage*>& before,
                               const std::vector<const MetricsPage*>& after);

// A table for people, and one JSON object.
std::string ToTable(const ClusterFigures& figures);
std::string ToJson(const ClusterFigures& figures);

}  // namespace chat::cli
