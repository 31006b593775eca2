// top: the cluster in a terminal, from the /metrics of its processes.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <sstream>
#include <thread>

#include "libs/base/status.h"
#include "services/cli/commands.h"
#include "services/cli/received.h"
#include "services/cli/top_figures.h"

namespace chat::cli {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kInterval{2000};
constexpr std::chrono::milliseconds kPatience{1000};
constexpr char kClear[] = "\x1b[H\x1b[2J";

struct Target {
  std::string process;
  client::Address address;
};

// "gateway-1=host:port messaging-1=host:port", as in cluster.env.
absl::StatusOr<std::vector<Target>> Targets(const std::string& text) {
  std::vector<Target> targets;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    const auto address = client::ParseAddress(equals == std::string::npos
                                                  ? std::string_view()
                                                  : std::string_view(word).substr(equals + 1));
    if (!address || equals == 0) {
      return absl::InvalidArgumentError(View("--metrics: \"" + word + "\" is not NAME=HOST:PORT"));
    }
    targets.push_back({word.substr(0, equals), *address});
  }
  if (targets.empty()) {
    return absl::InvalidArgumentError(
        "top needs --metrics \"NAME=HOST:PORT …\" or the variable CHAT_METRICS of cluster.env");
  }
  return targets;
}

// All at once, so that the moment is the same for all.
std::vector<Look> LookAt(const std::vector<Target>& targets) {
  std::vector<std::future<Look>> asked;
  for (const Target& target : targets) {
    asked.push_back(std::async(std::launch::async, [&target] {
      auto page = FetchMetrics(target.address, kPatience);
      return Look{target.process,
                  page.ok() ? std::optional<MetricsPage>(*std::move(page)) : std::nullopt};
    }));
  }
  std::vector<Look> looks;
  for (auto& one : asked) looks.push_back(one.get());
  return looks;
}

absl::Status Show(const Arguments& arguments, const ClusterFigures& figures) {
  if (arguments.json) return PrintLine(ToJson(figures));
  return PrintLine((::isatty(STDOUT_FILENO) == 1 ? kClear : "") + ToTable(figures));
}

}  // namespace

absl::Status Top(const Arguments& arguments) {
  const char* given = std::getenv("CHAT_METRICS");
  CHAT_ASSIGN_OR_RETURN(
      const std::vector<Target> targets,
      Targets(!arguments.metrics.empty() || given == nullptr ? arguments.metrics : given));
  const auto end = steady_clock::now() + std::chrono::milliseconds(arguments.listen_ms.value_or(0));
  std::vector<Look> before = LookAt(targets);
  auto then = steady_clock::now();
  for (int64_t shown = 0; !arguments.count || shown < *arguments.count; ++shown) {
    if (arguments.listen_ms && steady_clock::now() >= end) break;
    std::this_thread::sleep_until(then + kInterval);
    std::vector<Look> after = LookAt(targets);
    const auto now = steady_clock::now();
    CHAT_RETURN_IF_ERROR(
        Show(arguments, Figures(before, after, std::chrono::duration<double>(now - then).count())));
    before = std::move(after);
    then = now;
  }
  return absl::OkStatus();
}

}  // namespace chat::cli
