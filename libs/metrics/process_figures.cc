#include "libs/metrics/process_figures.h"

#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace chat::metrics {
namespace {

prometheus::MetricFamily One(const char* name, const char* help, double value,
                             prometheus::MetricType type = prometheus::MetricType::Gauge) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  family.metric.resize(1);
  family.metric[0].gauge.value = value;
  family.metric[0].counter.value = value;
  return family;
}

double OpenFiles() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // the listing itself is one
}

double FileLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

double BootTime() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

// Fields of proc_pid_stat(5), counted after the parenthesised name.
struct Stat {
  double cpu_ticks = 0, threads = 0, start_ticks = 0, resident_pages = 0;
};

Stat ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::stringstream text;
  text << file.rdbuf();
  std::string whole = text.str();
  size_t name_end = whole.rfind(')');
  Stat stat;
  if (name_end == std::string::npos) return stat;
  std::istringstream fields(whole.substr(name_end + 1));
  std::string field;
  for (int number = 3; fields >> field; ++number) {
    if (number == 14 || number == 15) stat.cpu_ticks += std::strtod(field.c_str(), nullptr);
    if (number == 20) stat.threads = std::strtod(field.c_str(), nullptr);
    if (number == 22) stat.start_ticks = std::strtod(field.c_str(), nullptr);
    if (number == 24) stat.resident_pages = std::strtod(field.c_str(), nullptr);
  }
  return stat;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessFigures::Collect() const {
  Stat stat = ReadStat();
  double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  return {
      One("process_resident_memory_bytes", "Memory of the process in bytes.",
          stat.resident_pages * page),
      One("process_open_fds", "Open files and sockets.", OpenFiles()),
      One("process_max_fds", "Most files and sockets that may be open.", FileLimit()),
      One("process_threads", "Threads of the process.", stat.threads),
      One("process_cpu_seconds_total", "User and system time of the process in seconds.",
          stat.cpu_ticks / ticks, prometheus::MetricType::Counter),
      One("process_start_time_seconds", "Start of the process in seconds since 1970.",
          BootTime() + stat.start_ticks / ticks),
  };
}

}  // namespace chat::metrics
