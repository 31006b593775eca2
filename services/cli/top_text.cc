// The two faces of `chat top`.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "services/cli/received.h"
#include "services/cli/top_figures.h"

namespace chat::cli {

namespace {

// Four significant places at most, with k and M.
std::string Short(double value) {
  char text[32];
  if (value >= 9'999'500) {
    std::snprintf(text, sizeof text, "%.0fM", value / 1e6);
  } else if (value >= 9'999.5) {
    std::snprintf(text, sizeof text, "%.0fk", value / 1e3);
  } else {
    std::snprintf(text, sizeof text, value < 9.95 && value > 0 ? "%.1f" : "%.0f", value);
  }
  return text;
}

std::string Short(const std::optional<double>& value) { return value ? Short(*value) : "-"; }

std::string Line(const ProcessFigures& row) {
  char text[256];
  if (!row.up) {
    std::snprintf(text, sizeof text, "%-14s DOWN: it does not answer", row.process.c_str());
    return text;
  }
  std::snprintf(text, sizeof text, "%-14s %5s %6sM %6s %8s %7s %7s  %s  %s", row.process.c_str(),
                Short(row.cpu_percent).c_str(), Short(row.memory / 1e6).c_str(),
                Short(row.open_files).c_str(), Short(row.calls).c_str(),
                Short(row.failures).c_str(), Short(row.call_p99_ms).c_str(), row.version.c_str(),
                row.special.c_str());
  return text;
}

nlohmann::ordered_json Json(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

std::string ToTable(const ClusterFigures& figures) {
  std::string table = "connections " + Short(figures.connections) + "   requests/s " +
                      Short(figures.requests) + "   sends/s " + Short(figures.sends) +
                      "   deliveries/s " + Short(figures.deliveries) + "   failures/s " +
                      Short(figures.failures) + "   gaps/s " + Short(figures.gaps) +
                      "\nsends a commit " + Short(figures.sends_per_commit) + "   commit p50 " +
                      Short(figures.commit_p50_ms) + " ms, p99 " + Short(figures.commit_p99_ms) +
                      " ms\n\n"
                      "PROCESS         CPU%   MEMORY  FILES  CALLS/s  FAIL/s  P99 ms  VERSION\n";
  for (const ProcessFigures& row : figures.processes) table += Printable(Line(row)) + "\n";
  return table;
}

std::string ToJson(const ClusterFigures& figures) {
  nlohmann::ordered_json processes = nlohmann::ordered_json::array();
  for (const ProcessFigures& row : figures.processes) {
    nlohmann::ordered_json one = {{"process", row.process}, {"up", row.up}};
    if (row.up) {
      one.update({{"version", row.version},
                  {"cpu_percent", row.cpu_percent},
                  {"memory_bytes", row.memory},
                  {"open_files", row.open_files},
                  {"calls_per_s", row.calls},
                  {"failures_per_s", row.failures},
                  {"call_p99_ms", Json(row.call_p99_ms)}});
    }
    processes.push_back(std::move(one));
  }
  nlohmann::ordered_json all = {{"connections", figures.connections},
                                {"requests_per_s", figures.requests},
                                {"sends_per_s", figures.sends},
                                {"deliveries_per_s", figures.deliveries},
                                {"failures_per_s", figures.failures},
                                {"gaps_per_s", figures.gaps},
                                {"sends_per_commit", Json(figures.sends_per_commit)},
                                {"commit_p50_ms", Json(figures.commit_p50_ms)},
                                {"commit_p99_ms", Json(figures.commit_p99_ms)},
                                {"processes", std::move(processes)}};
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace chat::cli
