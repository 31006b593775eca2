#include "services/cli/top_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace chat::cli {

namespace {

constexpr char kCalls[] = "chat_rpc_server_seconds_count";

// gRPC's codes are upper case; refusals, the answers to clients, are lower case.
bool IsFailure(const Labels& labels) {
  const auto code = labels.find("code");
  return code != labels.end() && code->second != "OK" && !code->second.empty() &&
         code->second[0] >= 'A' && code->second[0] <= 'Z';
}

struct Pair {
  const MetricsPage* before;  // an empty page for a process that was not there
  const MetricsPage* after;

  double Rise(std::string_view name, const std::function<bool(const Labels&)>& chosen = {}) const {
    return std::max(0.0, after->Sum(name, chosen) - before->Sum(name, chosen));
  }
};

const MetricsPage& Nothing() {
  static const MetricsPage* const nothing = new MetricsPage;
  return *nothing;
}

// The page before, unless the process has started anew since.
const MetricsPage* Before(const Look& before, const MetricsPage& after) {
  constexpr char kStart[] = "process_start_time_seconds";
  if (!before.page || before.page->Sum(kStart) != after.Sum(kStart)) return &Nothing();
  return &*before.page;
}

std::string Rounded(double value) {
  const double shown = value < 10 ? std::round(value * 10) / 10 : std::round(value);
  std::string text = std::to_string(shown);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Special(const Pair& pair) {
  if (pair.after->Has("chat_gateway_connections")) {
    return Rounded(pair.after->Sum("chat_gateway_connections")) + " connections";
  }
  if (pair.after->Has("chat_messaging_queue")) {
    return Rounded(pair.after->Sum("chat_messaging_queue")) + " waiting, horizon lag " +
           Rounded(pair.after->Sum("chat_messaging_horizon_lag"));
  }
  if (pair.after->Has("chat_media_http_connections")) {
    return Rounded(pair.after->Sum("chat_media_http_connections")) + " HTTP connections";
  }
  return "";
}

ProcessFigures Describe(const std::string& process, const Pair& pair, double seconds) {
  ProcessFigures row;
  row.process = process;
  row.up = true;
  for (const Sample& sample : pair.after->samples()) {
    if (sample.name == "chat_build_info") row.version = sample.labels.at("version");
  }
  row.cpu_percent = 100 * pair.Rise("process_cpu_seconds_total") / seconds;
  row.memory = pair.after->Sum("process_resident_memory_bytes");
  row.open_files = pair.after->Sum("process_open_fds");
  row.calls = pair.Rise(kCalls) / seconds;
  row.failures = pair.Rise(kCalls, IsFailure) / seconds;
  if (auto p99 = Quantile(0.99, "chat_rpc_server_seconds", {pair.before}, {pair.after})) {
    row.call_p99_ms = *p99 * 1000;
  }
  row.special = Special(pair);
  return row;
}

std::optional<double> Milliseconds(std::optional<double> seconds) {
  if (seconds) *seconds *= 1000;
  return seconds;
}

}  // namespace

std::optional<double> Quantile(double quantile, const std::string& histogram,
                               const std::vector<const MetricsPage*>& before,
                               const std::vector<const MetricsPage*>& after) {
  std::map<double, double> cumulative;  // upper bound -> observations up to it
  auto add = [&](const MetricsPage& page, double sign) {
    for (const Sample& sample : page.samples()) {
      if (sample.name != histogram + "_bucket") continue;
      const std::string& bound = sample.labels.at("le");
      const double upper = bound == "+Inf" ? std::numeric_limits<double>::infinity()
                                           : std::strtod(bound.c_str(), nullptr);
      cumulative[upper] += sign * sample.value;
    }
  };
  for (const MetricsPage* page : after) add(*page, 1);
  for (const MetricsPage* page : before) add(*page, -1);
  if (cumulative.empty() || cumulative.rbegin()->second <= 0) return std::nullopt;
  const double rank = quantile * cumulative.rbegin()->second;
  double lower = 0, below = 0;
  for (const auto& [upper, count] : cumulative) {
    if (count >= rank) {
      if (std::isinf(upper) || count <= below) return lower;
      return lower + (upper - lower) * (rank - below) / (count - below);
    }
    lower = upper;
    below = count;
  }
  return lower;
}

ClusterFigures Figures(const std::vector<Look>& before, const std::vector<Look>& after,
                       double seconds) {
  ClusterFigures figures;
  std::vector<const MetricsPage*> all_before, all_after;
  double sends = 0, commits = 0;
  for (size_t i = 0; i < after.size(); ++i) {
    if (!after[i].page) {
      figures.processes.push_back({});
      figures.processes.back().process = after[i].process;
      continue;
    }
    const Pair pair{Before(before[i], *after[i].page), &*after[i].page};
    all_before.push_back(pair.before);
    all_after.push_back(pair.after);
    figures.processes.push_back(Describe(after[i].process, pair, seconds));
    figures.connections += pair.after->Sum("chat_gateway_connections");
    figures.requests += pair.Rise("chat_gateway_requests_total") / seconds;
    figures.deliveries += pair.Rise("chat_gateway_deliveries_total") / seconds;
    figures.gaps += pair.Rise("chat_gateway_gaps_total") / seconds;
    figures.failures += figures.processes.back().failures;
    sends += pair.Rise("chat_messaging_batch_size_sum");
    commits += pair.Rise("chat_messaging_batch_size_count");
  }
  figures.sends = sends / seconds;
  if (commits > 0) figures.sends_per_commit = sends / commits;
  constexpr char kCommit[] = "chat_messaging_commit_seconds";
  figures.commit_p50_ms = Milliseconds(Quantile(0.5, kCommit, all_before, all_after));
  figures.commit_p99_ms = Milliseconds(Quantile(0.99, kCommit, all_before, all_after));
  return figures;
}

}  // namespace chat::cli
